// A stack whose keys are not its own: one behavior trusts a key group that another
// stack exports, one a group by its id, and one a key by its id. A website takes a
// second distribution.
import { App, Fn, Stack } from 'aws-cdk-lib';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as origins from 'aws-cdk-lib/aws-cloudfront-origins';
import * as s3 from 'aws-cdk-lib/aws-s3';

const app = new App();
const stack = new Stack(app, 'Elsewhere');
const bucket = new s3.Bucket(stack, 'Bucket');
const origin = origins.S3BucketOrigin.withOriginAccessIdentity(bucket);
const exported = cloudfront.KeyGroup.fromKeyGroupId(stack, 'Exported', Fn.importValue('keys:group'));
const named = cloudfront.KeyGroup.fromKeyGroupId(stack, 'Named', 'a1b2c3d4-5678-90ab-cdef-111122223333');
const existing = new cloudfront.KeyGroup(stack, 'Existing', {
  items: [cloudfront.PublicKey.fromPublicKeyId(stack, 'Key', 'K2JCJMDEHXQW5F')],
});

new cloudfront.Distribution(stack, 'Private', {
  defaultBehavior: { origin, trustedKeyGroups: [exported] },
  additionalBehaviors: {
    '/named/*': { origin, trustedKeyGroups: [named] },
    '/existing/*': { origin, trustedKeyGroups: [existing] },
  },
});
new cloudfront.Distribution(stack, 'Website', {
  defaultBehavior: { origin: new origins.HttpOrigin('www.example.com') },
});
app.synth();
