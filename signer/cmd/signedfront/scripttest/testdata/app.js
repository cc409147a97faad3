// What a CDK app writes for the project shop: the environment dev, unless
// PATTERN_ONLY is set, or of the pattern pr-* the one that is named, which borrows
// dev's key. Where there is a file imported.json, dev's key is that of
// public_key.pem, and the file says where its private half is. A file also.json
// has the ids of further keys to trust.
const fs = require("fs"), { createHash, createPublicKey } = require("crypto");
const { CDK_OUTDIR, CDK_CONTEXT_JSON, PATTERN_ONLY, REPOSITORY } = process.env;
const also = fs.existsSync("also.json") ? JSON.parse(fs.readFileSync("also.json")) : [];
const Ref = (id) => ({ Ref: id });

// stack returns a template whose distribution trusts a key group.
const stack = (keyGroup, document, more) => ({ Resources: {
  Bucket: { Type: "AWS::S3::Bucket" },
  Identity: { Type: "AWS::CloudFront::CloudFrontOriginAccessIdentity" },
  BucketPolicy: { Type: "AWS::S3::BucketPolicy", Properties: { Bucket: Ref("Bucket"), PolicyDocument: { Statement: [{
    Effect: "Allow", Action: "s3:GetObject", Resource: { "Fn::Sub": "${Bucket.Arn}/*" },
    Principal: { CanonicalUser: { "Fn::GetAtt": "Identity.S3CanonicalUserId" } },
  }] } } },
  Distribution: { Type: "AWS::CloudFront::Distribution", Properties: { DistributionConfig: {
    Enabled: true,
    Origins: [{
      Id: "content", DomainName: { "Fn::GetAtt": "Bucket.RegionalDomainName" },
      S3OriginConfig: { OriginAccessIdentity: { "Fn::Sub": "origin-access-identity/cloudfront/${Identity}" } },
    }],
    DefaultCacheBehavior: { TargetOriginId: "content", TrustedKeyGroups: [keyGroup] },
  } } },
  Document: { Type: "AWS::SSM::Parameter", Properties: { Value: { "Fn::Sub": JSON.stringify({
    schema: 1, baseUrl: "https://${Distribution.DomainName}", ...document,
  }) } } },
  ...more,
} });

const templates = {}, named = JSON.parse(CDK_CONTEXT_JSON).env;
if (named === "pr-42") {
  templates["shop-pr-42"] = stack(
    { "Fn::GetStackOutput": { StackName: "shop-dev", OutputName: "KeyGroupId" } },
    { key: { parameter: "/signedfront/signedfront/dev" }, region: "${AWS::Region}", maxUrlLifetime: 86400 });
} else if (named || PATTERN_ONLY) {
  console.error(`environments.${named}: there is no such environment`);
  process.exit(1);
} else if (fs.existsSync("imported.json")) {
  const pem = fs.readFileSync("public_key.pem", "utf8");
  const der = createPublicKey(pem).export({ type: "spki", format: "der" });
  templates["shop-dev"] = stack(Ref("KeyGroup"), {
    keyPairId: "${PublicKey}", algorithm: "ecdsa-p256", hash: "sha256",
    publicKeySha256: createHash("sha256").update(der).digest("hex"), key: JSON.parse(fs.readFileSync("imported.json")),
  }, {
    PublicKey: { Type: "AWS::CloudFront::PublicKey", Properties: { PublicKeyConfig: { EncodedKey: pem } } },
    KeyGroup: { Type: "AWS::CloudFront::KeyGroup", Properties: { KeyGroupConfig: { Items: [Ref("PublicKey")] } } },
  });
} else {
  const dev = JSON.parse(fs.readFileSync(`${REPOSITORY}/signer/edge/testdata/template.json`));
  dev.Resources.KeyGroup.Properties.KeyGroupConfig.Items.push(...also);
  dev.Outputs = { KeyGroupId: { Value: Ref("KeyGroup") } };
  templates["shop-dev"] = dev;
  templates["shop-global"] = { Resources: { Certificate: { Type: "AWS::CertificateManager::Certificate" } } };
}

const artifacts = {};
fs.mkdirSync(CDK_OUTDIR, { recursive: true });
for (const [name, template] of Object.entries(templates)) {
  fs.writeFileSync(`${CDK_OUTDIR}/${name}.template.json`, JSON.stringify(template));
  artifacts[name] = {
    type: "aws:cloudformation:stack", environment: "aws://unknown-account/unknown-region",
    properties: { templateFile: `${name}.template.json` },
  };
}
fs.writeFileSync(`${CDK_OUTDIR}/manifest.json`, JSON.stringify({ artifacts }));
