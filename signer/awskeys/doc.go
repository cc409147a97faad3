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
// # What a document may name
//
// A document is input, not truth. Its key must be where the document is: in the
// partition, Region and account of its parameter, which Systems Manager tells,
// or, for a document from a file or a variable, in the Region of the
// configuration. That is checked before a request is sent. A document in AWS
// names no file of the machine that signs. The fields of Source allow more, and
// pin a program to one base URL and one account:
//
//	source := awskeys.Environment(cfg, "signedfront", "prod")
//	source.BaseURL, source.Account = "https://media.example.com", "111122223333"
//	s, err := signer.Open(ctx, source, nil)
//
// # What stays secret
//
// The private key is in the secret and in the program's memory, where it prints
// redacted. It comes in no error, and its arrival in no log of the SDK. A key in
// KMS is in KMS alone.
package awskeys
