// A website that anyone may read, of S3's website endpoint, and beside it private
// media: the template beside this file is what `cdk synth` makes of it.
import { App, Stack } from 'aws-cdk-lib';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as origins from 'aws-cdk-lib/aws-cloudfront-origins';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as ssm from 'aws-cdk-lib/aws-ssm';

const app = new App();
const stack = new Stack(app, 'Website');

const site = new s3.Bucket(stack, 'Site', {
  websiteIndexDocument: 'index.html',
  publicReadAccess: true,
  blockPublicAccess: s3.BlockPublicAccess.BLOCK_ACLS_ONLY,
});
const media = new s3.Bucket(stack, 'Media');

const publicKey = new cloudfront.PublicKey(stack, 'SigningKey', {
  encodedKey: ssm.StringParameter.valueForStringParameter(stack, '/media/signing-key.pub'),
});
const keyGroup = new cloudfront.KeyGroup(stack, 'Signers', { items: [publicKey] });

new cloudfront.Distribution(stack, 'Cdn', {
  defaultRootObject: 'index.html',
  defaultBehavior: { origin: new origins.S3StaticWebsiteOrigin(site) },
  additionalBehaviors: {
    'media/*': {
      origin: origins.S3BucketOrigin.withOriginAccessControl(media, { originPath: '/private' }),
      trustedKeyGroups: [keyGroup],
    },
  },
});
app.synth();
