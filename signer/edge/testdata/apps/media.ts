// Private media behind a key group, written with the CDK's own constructs: the
// template beside this file is what `cdk synth` makes of it.
import { App, Duration, Stack } from 'aws-cdk-lib';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as origins from 'aws-cdk-lib/aws-cloudfront-origins';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as ssm from 'aws-cdk-lib/aws-ssm';

const app = new App();
const stack = new Stack(app, 'Media');

const media = new s3.Bucket(stack, 'Media', { enforceSSL: true });
const site = new s3.Bucket(stack, 'Site');

const publicKey = new cloudfront.PublicKey(stack, 'SigningKey', {
  encodedKey: ssm.StringParameter.valueForStringParameter(stack, '/media/signing-key.pub'),
});
const keyGroup = new cloudfront.KeyGroup(stack, 'Signers', { items: [publicKey] });

const stamp = new cloudfront.Function(stack, 'Stamp', {
  code: cloudfront.FunctionCode.fromInline(
    'function handler(event) { event.response.headers["x-stamp"] = { value: "1" }; return event.response; }'),
});
const rewrite = new cloudfront.Function(stack, 'Rewrite', {
  code: cloudfront.FunctionCode.fromInline(
    'function handler(event) { if (event.request.uri.endsWith("/")) event.request.uri += "index.html"; return event.request; }'),
});
const mediaOrigin = origins.S3BucketOrigin.withOriginAccessControl(media);

new cloudfront.Distribution(stack, 'Cdn', {
  comment: 'media',
  defaultBehavior: {
    origin: mediaOrigin,
    trustedKeyGroups: [keyGroup],
    viewerProtocolPolicy: cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
    cachePolicy: cloudfront.CachePolicy.CACHING_OPTIMIZED,
    responseHeadersPolicy: cloudfront.ResponseHeadersPolicy.CORS_ALLOW_ALL_ORIGINS,
    functionAssociations: [{ function: stamp, eventType: cloudfront.FunctionEventType.VIEWER_RESPONSE }],
  },
  additionalBehaviors: {
    '/public/*': { origin: mediaOrigin, allowedMethods: cloudfront.AllowedMethods.ALLOW_GET_HEAD_OPTIONS },
    '/api/*': { origin: new origins.HttpOrigin('api.example.com'), cachePolicy: cloudfront.CachePolicy.CACHING_DISABLED },
    '/site/*': { origin: origins.S3BucketOrigin.withOriginAccessControl(site) },
    '/pages/*': {
      origin: mediaOrigin,
      functionAssociations: [{ function: rewrite, eventType: cloudfront.FunctionEventType.VIEWER_REQUEST }],
    },
  },
  errorResponses: [{ httpStatus: 404, ttl: Duration.seconds(10) }],
});
app.synth();
