// Reads playlists with hls.js and Shaka Player, and reports the URLs of other hosts that
// contain a part of the pass. It reads a task in JSON from standard input and writes the
// report to standard output.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

// The parts of a browser that the players need.
globalThis.self = globalThis;
globalThis.navigator ??= { userAgent: "", platform: "", vendor: "" };
Map.prototype.getOrInsert ??= function (key, value) {
	return this.has(key) ? this.get(key) : (this.set(key, value), value);
};
Map.prototype.getOrInsertComputed ??= function (key, compute) {
	return this.has(key) ? this.get(key) : this.getOrInsert(key, compute(key));
};
for (const name of ["log", "info", "warn", "error", "debug"]) console[name] = () => {};

const { M3U8Parser } = await import("hls.js");
const shaka = createRequire(import.meta.url)("shaka-player/dist/shaka-player.compiled.debug.js");

const task = JSON.parse(readFileSync(0, "utf8"));
const length = 12; // bytes of the pass that count as a part of it
const parts = new Set();
for (const secret of task.secrets) {
	for (let i = 0; i + length <= secret.length; i++) parts.add(secret.slice(i, i + length));
}
const holdsAPart = (text) => {
	for (let i = 0; i + length <= text.length; i++) {
		if (parts.has(text.slice(i, i + length))) return true;
	}
	return false;
};
const unescaped = (text) => text.replace(/%[0-9A-Fa-f]{2}/g, (escape) => String.fromCharCode(parseInt(escape.slice(1), 16)));

// strings calls found with each string in the object that a player made of a playlist.
function strings(value, found, seen = new Set()) {
	if (typeof value === "string") return found(value);
	if (value === null || typeof value !== "object" || seen.has(value) || ArrayBuffer.isView(value)) return;
	seen.add(value);
	const inner = value instanceof Map ? [...value.values()] : Object.values(value);
	for (const key of ["url", "decryptdata"]) {
		try {
			inner.push(value[key]); // a getter
		} catch {}
	}
	for (const v of inner) strings(v, found, seen);
}

function readWithHls(text, found) {
	const read = (parse) => {
		try {
			const parsed = parse();
			delete parsed.m3u8; // the playlist itself
			strings(parsed, found);
			return parsed;
		} catch {}
	};
	const main = read(() => M3U8Parser.parseMasterPlaylist(text, task.url));
	if (main) read(() => M3U8Parser.parseMasterPlaylistMedia(text, task.url, main));
	read(() => M3U8Parser.parseLevelPlaylist(text, task.url, 0, "main", 0, main?.variableList ?? null));
}

const furtherPlaylist = "#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6,\n/end.ts\n#EXT-X-ENDLIST\n";

async function readWithShaka(text, found) {
	let first = true;
	const request = (_, { uris }) => {
		uris.forEach(found);
		const data = shaka.util.StringUtils.toUTF8(first ? text : furtherPlaylist);
		first = false;
		return shaka.util.AbortableOperation.completed({ uri: uris[0], originalUri: uris[0], data, headers: {} });
	};
	const parser = new shaka.hls.HlsParser();
	const config = shaka.util.PlayerConfiguration.createDefault().manifest;
	config.disableClosedCaptionsDetection = config.hls.disableClosedCaptionsDetection = true;
	parser.configure(config);
	const ignore = () => {};
	const seen = async (action) => {
		try {
			return await action();
		} catch {}
	};
	const manifest = await seen(() => parser.start(task.url, {
		networkingEngine: { request }, isLowLatencyMode: () => true, isAutoLowLatencyMode: () => false,
		modifyManifestRequest: ignore, modifySegmentRequest: ignore, filter: ignore, makeTextStreamsForClosedCaptions: ignore,
		onTimelineRegionAdded: (region) => strings(region, found), onMetadata: async (...frames) => strings(frames, found),
		onEvent: ignore, onError: ignore, updateDuration: ignore, newDrmInfo: (stream) => strings(stream.drmInfos, found),
		onManifestUpdated: ignore, getBandwidthEstimate: () => 1e6, disableStream: ignore, addFont: ignore,
		getConfiguration: () => undefined, getStreamingRetryParameters: () => config.retryParameters,
	}));
	if (!manifest) return parser.stop();
	const streams = [...manifest.textStreams, ...manifest.imageStreams, ...manifest.variants.flatMap((v) => [v.audio, v.video])];
	for (const stream of new Set(streams)) {
		if (!stream) continue;
		found(stream.originalId ?? "");
		strings(stream.drmInfos, found);
		await seen(() => stream.createSegmentIndex());
		const references = [];
		await seen(() => stream.segmentIndex?.forEachTopLevelReference((r) => references.push(r, ...(r.partialReferences ?? []))));
		for (const r of references) {
			await seen(() => r.getUris().forEach(found));
			await seen(() => r.initSegmentReference?.getUris().forEach(found));
			await seen(() => r.aesKey?.fetchKey?.());
			await seen(() => r.initSegmentReference?.aesKey?.fetchKey?.());
		}
	}
	await parser.stop();
}

const result = { read: {}, signed: {}, stolen: [] };
for (const [player, read] of Object.entries({ "hls.js": readWithHls, "Shaka Player": readWithShaka })) {
	result.read[player] = result.signed[player] = 0;
	for (const [index, text] of task.playlists.entries()) {
		const once = new Set();
		await read(text, (reference) => {
			if (once.has(reference)) return;
			once.add(reference);
			let url;
			try {
				url = new URL(reference, task.url);
			} catch {
				return;
			}
			result.read[player]++;
			url.hash = ""; // not sent
			if (task.origins.includes(url.origin)) {
				if (url.search.includes("Signature=")) result.signed[player]++;
			} else if (holdsAPart(url.href) || holdsAPart(unescaped(url.href))) {
				result.stolen.push({ player, index, url: url.href });
			}
		});
	}
}
process.stdout.write(JSON.stringify(result));
