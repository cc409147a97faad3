// Signs URLs with @aws-sdk/cloudfront-signer: a task in JSON on standard
// input, URLs on standard output.
import { readFileSync } from "node:fs";
import { getSignedUrl } from "@aws-sdk/cloudfront-signer";

const task = JSON.parse(readFileSync(0, "utf8"));
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
process.stdout.write(JSON.stringify(task.cases.map(signed)));
