// Package awskeys opens the signing key of a deployment in AWS: the deployment
// document from a Systems Manager parameter, the private key from Secrets
// Manager, a key in KMS, or, where it was imported so, from a file.
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
// SigningPolicyArn: ssm:GetParameter on the parameter,
// secretsmanager:GetSecretValue on the secrets, and for keys in KMS
// kms:GetPublicKey and kms:Sign. That of an environment that borrows its key
// stands for the lender's parameter and keys too. A program in another account
// assumes the role of the output SignerRoleArn.
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
