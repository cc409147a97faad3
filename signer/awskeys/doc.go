// Package awskeys opens the signing key of a deployment in AWS: the deployment
// document from a Systems Manager parameter, the private key from Secrets
// Manager or a key in KMS.
//
//	cfg, err := config.LoadDefaultConfig(ctx)
//	s, err := awskeys.Open(ctx, cfg, "signedfront", "dev", nil)
//	signed, err := s.Object(ctx, "rt.png", signer.Policy{TTL: 2 * time.Minute})
//
// The signer notices a rotation by itself, and goes on through an outage of AWS
// for as long as the deployment allows (maxKeyAge).
//
// # Permissions
//
// The program's role needs the managed policy of the stack's output
// SigningPolicyArn: ssm:GetParameter on the parameter and
// secretsmanager:GetSecretValue on the secrets. A key in KMS needs
// kms:GetPublicKey and kms:Sign on the key. An environment that borrows its key
// needs the lender's policy too. A program in another account assumes a role of
// the deployment's account.
//
// # Quotas
//
// Systems Manager answers 40 reads a second for each account and Region by
// default. A signer reads once at its start and then every few minutes, spread
// by chance; the SDK tries again what was throttled, and a reading is bounded
// (signer.OpenOptions). Where hundreds of processes start in one second, give
// them the document in an environment variable and use Variable.
//
// # What stays secret
//
// The private key is in the secret and in the program's memory, where it prints
// redacted. It comes in no error, and its arrival in no log of the SDK. A key in
// KMS is in KMS alone.
package awskeys
