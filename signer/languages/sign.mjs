// Signs URLs and cookies for a deployment of signedfront. It reads the deployment
// document from Systems Manager and the private key from Secrets Manager. It
// follows rotations, a lender's too, as ../DEPLOYMENT.md requires.
//
//	npm install @aws-sdk/client-ssm @aws-sdk/client-secrets-manager @aws-sdk/cloudfront-signer
//	echo url 600 albums/7/rt.png | node sign.mjs /signedfront/signedfront/dev
//	echo cookies 600 albums/7/ | node sign.mjs /signedfront/signedfront/dev
//
// The Region and the credentials are those of the SDK: AWS_REGION, AWS_PROFILE. In
// your own program:
//
//	import { Signer } from "./sign.mjs";
//	const signer = await Signer.open("/signedfront/signedfront/dev");
//	const url = await signer.url("albums/7/rt.png", 600);
import { createHash, createPrivateKey, createPublicKey } from "node:crypto";
import { existsSync, realpathSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { getSignedCookies } from "@aws-sdk/cloudfront-signer";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";

// The grammar of the string members, from DEPLOYMENT.md. Members that this program
// does not use, such as trustedKeys, are ignored.
const region = "[a-z]+(-[a-z]+)+-[0-9]+";
const arn = (service, resource) => RegExp(`^arn:aws(-[a-z]+)*:${service}:${region}:[0-9]{12}:${resource}$`);
const port = "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])";
const strings = {
	baseUrl: RegExp(`^(https://(?!.*:443$)|http://(?!.*:80$))[a-z0-9_-]+([.][a-z0-9_-]+)*(:${port})?$`),
	keyPairId: /^[A-Z0-9]{1,32}$/,
	algorithm: /^(ecdsa-p256|rsa-2048)$/,
	hash: /^(sha256|sha1)$/,
	publicKeySha256: /^[0-9a-f]{64}$/,
	region: RegExp(`^${region}$`),
	"key.secretArn": arn("secretsmanager", "secret:[A-Za-z0-9/_+=.@-]{1,519}"),
	"key.secretVersionId": /^[A-Za-z0-9-]{1,64}$/,
	"key.kmsArn": arn("kms", "(key/[A-Za-z0-9-]{1,256}|alias/[A-Za-z0-9/_-]{1,250})"),
	"key.file": /^[^\0-\x1f\x7f]{1,4096}$/,
	"key.parameter": /^(?=.{2,1011}$)(\/[A-Za-z0-9_.-]+)+$/,
};
const ofTheKey = ["keyPairId", "algorithm", "hash", "publicKeySha256"];
const locations = ["secretArn", "kmsArn", "file", "parameter"];

// parse parses a deployment document. Its errors quote no text of the document,
// which may hold a private key by mistake.
export function parse(text) {
	let d;
	try {
		d = JSON.parse(text);
	} catch {
		throw new Error("not JSON"); // the error of JSON.parse quotes the text
	}
	if (d === null || typeof d !== "object" || !Number.isInteger(d.schema) || d.schema < 1) {
		throw new Error("schema: want a JSON object whose schema is 1");
	}
	if (d.schema > 1) throw new Error(`schema: ${d.schema} is newer than this program reads: update the program`);
	const key = d.key;
	if (key === null || typeof key !== "object" || locations.filter((name) => key[name] !== undefined).length !== 1) {
		throw new Error(`key: want exactly one of ${locations}`);
	}
	if ((key.secretArn === undefined) !== (key.secretVersionId === undefined)) {
		throw new Error("key: secretArn and secretVersionId go together");
	}
	for (const [name, grammar] of Object.entries(strings)) {
		const value = name.startsWith("key.") ? key[name.slice(4)] : d[name];
		const optional = name.startsWith("key.") || name === "region";
		if ((value === undefined && optional) || (key.parameter !== undefined && ofTheKey.includes(name))) continue;
		if (typeof value !== "string" || !grammar.test(value)) throw new Error(`${name}: does not match the format in DEPLOYMENT.md`);
	}
	for (const name of ["maxUrlLifetime", "maxKeyAge"]) {
		if (d[name] !== undefined && !(Number.isInteger(d[name]) && d[name] >= 0)) {
			throw new Error(`${name}: want whole seconds, 0 or more`);
		}
	}
	return d;
}

// check throws an error if the document names a key outside the place of its
// parameter, such as "aws:eu-west-1:111122223333".
export function check(d, place) {
	const [partition, region, account] = place.split(":");
	if (d.region !== undefined && d.region !== region) throw new Error(`region: want ${region}, the Region of the parameter`);
	for (const [name, service] of [["secretArn", "secretsmanager"], ["kmsArn", "kms"]]) {
		if (d.key[name] !== undefined && !d.key[name].startsWith(`arn:${partition}:${service}:${region}:${account}:`)) {
			throw new Error(`key.${name}: not in the partition, Region and account of the parameter, ${place}`);
		}
	}
}

// borrow returns a borrower's document with the lender's key members.
export function borrow(d, lender) {
	if (lender.key.parameter !== undefined) throw new Error("key.parameter: the lender borrows its key itself: borrow from its lender");
	const lesser = (a = 0, b = 0) => (a && b ? Math.min(a, b) : a || b);
	const { keyPairId, algorithm, hash, publicKeySha256, key } = lender;
	return {
		...d, keyPairId, algorithm, hash, publicKeySha256, key,
		maxUrlLifetime: lesser(d.maxUrlLifetime, lender.maxUrlLifetime),
		maxKeyAge: lesser(d.maxKeyAge, lender.maxKeyAge),
	};
}

// escape writes an object key as most clients send it unchanged.
const escape = (key) =>
	encodeURIComponent(key)
		.replace(/%(2F|24|26|2C|3A|3B|3D|40)/g, decodeURIComponent)
		.replace(/['*]/g, (c) => (c === "*" ? "%2A" : "%27"));

export class Signer {
	#parameter;
	#clients;
	#state; // the document, the private key, and when their reading began
	#reading; // the reading under way
	#due; // when to read next, in milliseconds of the wall clock

	// open reads the document and the key, ready to sign.
	static async open(parameter) {
		const s = new Signer();
		s.#parameter = parameter;
		s.#clients = { ssm: new SSMClient({ maxAttempts: 2 }), secrets: new SecretsManagerClient({ maxAttempts: 2 }) };
		await s.#clients.ssm.config.region(); // fails where there is none
		await s.#read();
		return s;
	}

	// url returns the signed URL of the object with this key, valid for the given seconds.
	async url(objectKey, seconds) {
		const bytes = Buffer.byteLength(objectKey);
		if (bytes < 1 || bytes > 1024 || objectKey.startsWith("/") || objectKey.split("/").some((part) => part === "." || part === "..")) {
			throw new Error('the object key: want 1 to 1,024 bytes, no slash at the start and no part "." or ".."');
		}
		const { document, privateKey } = await this.#current();
		const url = `${document.baseUrl}/${escape(objectKey)}`;
		const expires = new Date(expiry(document, seconds) * 1000);
		// getSignedUrl would rewrite escapes, and turn %2A into a wildcard.
		const signed = getSignedCookies({ ...how(document, privateKey), url, dateLessThan: expires });
		return `${url}?${Object.entries(signed).map(([name, value]) => `${name.replace("CloudFront-", "")}=${value}`).join("&")}`;
	}

	// cookies returns the values, by name, of the cookies that open every object
	// whose key starts with prefix, valid for the given seconds. The prefix is empty
	// or ends in a slash. Set the cookies Secure and HttpOnly, for a Domain that
	// covers the content's host.
	async cookies(prefix, seconds) {
		if ((prefix !== "" && !prefix.endsWith("/")) || prefix.startsWith("/") || prefix.split("/").some((part) => part === "." || part === "..")) {
			throw new Error('the prefix: want a slash at the end, none at the start and no part "." or ".."');
		}
		const { document, privateKey } = await this.#current();
		const Resource = `${document.baseUrl}/${escape(prefix)}*`;
		const DateLessThan = { "AWS:EpochTime": expiry(document, seconds) };
		const policy = JSON.stringify({ Statement: [{ Resource, Condition: { DateLessThan } }] });
		// Replaces the hash of an earlier key in the browser.
		return { "CloudFront-Hash-Algorithm": "SHA1", ...getSignedCookies({ ...how(document, privateKey), policy }) };
	}

	// #current returns what to sign with. It repeats a reading that failed, and uses
	// the present key until maxKeyAge.
	async #current() {
		if (stale(this.#state)) {
			await this.#read();
			if (stale(this.#state)) throw new Error("reading the deployment document took longer than its maxKeyAge");
		} else if (Date.now() >= this.#due) {
			this.#due = Date.now() + Math.max(1, interval(this.#state.document) / 10) * 1000;
			this.#read().catch((error) => console.warn(`${error.message}; signing goes on with the present key`));
		}
		return this.#state;
	}

	#read() {
		this.#reading ??= this.#readAll().finally(() => (this.#reading = undefined));
		return this.#reading;
	}

	async #readAll() {
		const began = { wall: Date.now(), steady: performance.now() };
		let { document, place } = await this.#document(this.#parameter);
		if (document.key.parameter !== undefined) {
			const lender = await this.#document(document.key.parameter);
			if (lender.place !== place) throw new Error(`${document.key.parameter}: the lender is not in ${place}`);
			document = borrow(document, lender.document);
		}
		const known = this.#state;
		const privateKey = isDeepStrictEqual(known?.document, document) ? known.privateKey : await this.#privateKey(document);
		this.#state = { document, privateKey, began };
		this.#due = Date.now() + interval(document) * 1000;
	}

	async #document(name) {
		if (typeof name !== "string" || !strings["key.parameter"].test(name)) {
			throw new Error("the name of the parameter: want one such as /signedfront/signedfront/dev");
		}
		const { Parameter } = await send(this.#clients.ssm, new GetParameterCommand({ Name: name }), name);
		const place = /^arn:([a-z-]+):ssm:([a-z0-9-]+):([0-9]{12}):parameter(\/.*)$/.exec(Parameter?.ARN ?? "");
		if (place?.[4] !== name) throw new Error(`${name}: Systems Manager returned another parameter`);
		try {
			const document = parse(Parameter.Value);
			check(document, place.slice(1, 4).join(":"));
			return { document, place: place.slice(1, 4).join(":") };
		} catch (error) {
			throw new Error(`${name}: the deployment document: ${error.message}`);
		}
	}

	async #privateKey({ key, keyPairId, algorithm, publicKeySha256 }) {
		if (key.secretArn === undefined) throw new Error("key: this program signs only with keys in Secrets Manager");
		const command = new GetSecretValueCommand({ SecretId: key.secretArn, VersionId: key.secretVersionId });
		const { SecretString } = await send(this.#clients.secrets, command, key.secretArn);
		let publicKey;
		try {
			publicKey = createPublicKey(createPrivateKey(SecretString));
		} catch {
			throw new Error(`${key.secretArn}: holds no private key in PEM`);
		}
		const spki = publicKey.export({ type: "spki", format: "der" });
		if (createHash("sha256").update(spki).digest("hex") !== publicKeySha256) {
			throw new Error(`the private key does not match key pair id ${keyPairId}: the SHA-256 of its public key is not publicKeySha256`);
		}
		if ({ ec: "ecdsa-p256", rsa: "rsa-2048" }[publicKey.asymmetricKeyType] !== algorithm) {
			throw new Error(`the private key of ${keyPairId} is not ${algorithm}`);
		}
		return SecretString;
	}
}

// send sends a command within ten seconds. Its error quotes AWS only for a refusal
// by AWS: other errors may hold a part of the response, which may be the key.
async function send(client, command, name) {
	try {
		return await client.send(command, { abortSignal: AbortSignal.timeout(10_000) });
	} catch (error) {
		const reason = error?.$fault ? `${error.name}: ${error.message}` : (error?.code ?? error?.name);
		throw new Error(`reading ${name}: ${reason}`);
	}
}

// age returns how many seconds ago the key was confirmed: by the wall clock, which
// also counts the time that a machine or a function was frozen, or by the monotonic
// clock, which nobody can set back; the longer of the two.
const age = ({ began }) => Math.max(Date.now() - began.wall, performance.now() - began.steady) / 1000;

// stale reports whether the document must be read again before signing. It is also
// true if the clock was set back by more than a minute.
const stale = (state) => {
	const limit = state.document.maxKeyAge;
	return limit > 0 && (age(state) > limit || Date.now() < state.began.wall - 60_000);
};

// interval returns the seconds between two readings.
const interval = ({ maxKeyAge }) => (maxKeyAge ? Math.min(maxKeyAge / 4, 3600) : 900);

function expiry({ maxUrlLifetime }, seconds) {
	if (!Number.isInteger(seconds) || seconds < 1) throw new Error("the seconds: want a whole number above 0");
	if (maxUrlLifetime && seconds > maxUrlLifetime) {
		throw new Error(`${seconds} seconds: the deployment allows at most ${maxUrlLifetime} (maxUrlLifetime)`);
	}
	const expires = Math.floor(Date.now() / 1000) + seconds;
	if (expires > 253402300799) throw new Error("the seconds: the expiry is after the year 9999");
	return expires;
}

// The SDK signs SHA-1 for any word but SHA256, even for sha256.
const how = ({ keyPairId, hash }, privateKey) => ({ keyPairId, privateKey, algorithm: { sha256: "SHA256", sha1: "SHA1" }[hash] });

// main signs for each line of standard input, such as "url 600 albums/7/rt.png".
async function main() {
	const signer = await Signer.open(process.argv[2]);
	let number = 0;
	for await (const line of createInterface({ input: process.stdin })) {
		number++;
		const [, verb, seconds, text] = /^(url|cookies) ([0-9]+) (.*)$/.exec(line) ?? [];
		try {
			if (line.includes("\ufffd")) throw new Error("not UTF-8");
			if (verb === undefined) throw new Error("want url SECONDS KEY, or cookies SECONDS PREFIX/");
			const signed = await signer[verb](text, Number(seconds));
			console.log(verb === "url" ? signed : Object.entries(signed).map((pair) => pair.join("=")).join("; "));
		} catch (error) {
			console.error(`line ${number}: ${error.message}`);
			process.exitCode = 1;
		}
	}
}

if (existsSync(process.argv[1]) && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
	await main().catch((error) => {
		console.error(error.message);
		process.exitCode = 1;
	});
}
