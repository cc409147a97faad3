// Signs URLs with @aws-sdk/cloudfront-signer. It reads a task in JSON from standard
// input and writes URLs to standard output.
//
// With --times, the first line is the task and each line after it a number. The program
// signs the first URL of the task as many times, and prints the nanoseconds it took.
import { createInterface } from "node:readline";
import { getSignedUrl } from "@aws-sdk/cloudfront-signer";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const task = JSON.parse((await lines.next()).value);
const moment = (seconds) => (seconds ? new Date(seconds * 1000).toISOString() : undefined);
const signed = ({ url, resource, expires, notBefore, ip, hash }) => {
	const options = { url, keyPairId: task.keyPairId, privateKey: task.key, algorithm: hash };
	if (resource === url) {
		return getSignedUrl({ ...options, dateLessThan: moment(expires), dateGreaterThan: moment(notBefore), ipAddress: ip || undefined });
	}
	const Condition = { DateLessThan: { "AWS:EpochTime": expires } };
	if (notBefore) Condition.DateGreaterThan = { "AWS:EpochTime": notBefore };
	if (ip) Condition.IpAddress = { "AWS:SourceIp": ip };
	return getSignedUrl({ ...options, policy: JSON.stringify({ Statement: [{ Resource: resource, Condition }] }) });
};
if (!process.argv.includes("--times")) {
	process.stdout.write(JSON.stringify(task.cases.map(signed)));
} else {
	for await (const line of lines) {
		const start = process.hrtime.bigint();
		for (let n = Number(line); n > 0; n--) signed(task.cases[0]);
		console.log(String(process.hrtime.bigint() - start));
	}
}
