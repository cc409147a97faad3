// The same in the CDK's constructs of level 1, as older stacks are written: an
// origin access identity, forwarded values, the public key as a parameter.
import { App, CfnParameter, Fn, Stack } from 'aws-cdk-lib';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as s3 from 'aws-cdk-lib/aws-s3';

const app = new App();
const stack = new Stack(app, 'Plain', { env: { account: '123456789012', region: 'eu-west-1' } });
const pem = new CfnParameter(stack, 'PublicKeyPem', { type: 'String' });

const bucket = new s3.CfnBucket(stack, 'Bucket');
const identity = new cloudfront.CfnCloudFrontOriginAccessIdentity(stack, 'Identity', {
  cloudFrontOriginAccessIdentityConfig: { comment: 'reads the bucket' },
});
new s3.CfnBucketPolicy(stack, 'Policy', {
  bucket: bucket.ref,
  policyDocument: {
    Statement: [{
      Effect: 'Allow',
      Principal: { CanonicalUser: identity.attrS3CanonicalUserId },
      Action: 's3:GetObject',
      Resource: Fn.sub('${Bucket.Arn}/*'),
    }],
  },
});
const key = new cloudfront.CfnPublicKey(stack, 'Key', {
  publicKeyConfig: { name: 'plain', callerReference: 'plain-1', encodedKey: pem.valueAsString },
});
const group = new cloudfront.CfnKeyGroup(stack, 'Group', {
  keyGroupConfig: { name: 'plain', items: [key.ref] },
});
new cloudfront.CfnDistribution(stack, 'Distribution', {
  distributionConfig: {
    enabled: true,
    origins: [{
      id: 'bucket',
      domainName: Fn.sub('${Bucket}.s3.${AWS::Region}.amazonaws.com'),
      s3OriginConfig: { originAccessIdentity: Fn.sub('origin-access-identity/cloudfront/${Identity}') },
    }],
    defaultCacheBehavior: {
      targetOriginId: 'bucket',
      viewerProtocolPolicy: 'https-only',
      forwardedValues: { queryString: false },
      trustedKeyGroups: [group.ref],
    },
  },
});
app.synth();
