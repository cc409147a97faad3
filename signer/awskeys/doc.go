// Package awskeys provides signer sources for deployments in AWS. They read the
// deployment document from a Systems Manager parameter, and the key from Secrets
// Manager, from KMS, or, if it was imported that way, from a file.
//
//	cfg, err := config.LoadDefaultConfig(ctx)
//	s, err := awskeys.Open(ctx, cfg, "signedfront", "dev", nil)
//	signed, err := s.Object(ctx, "rt.png", signer.Policy{TTL: 2 * time.Minute})
//
// The signer follows key rotations by itself. During an outage of AWS it keeps using
// the key it has, for no longer than the deployment's maxKeyAge.
//
// # Permissions
//
// The program's role needs the managed policy that the stack's output
// SigningPolicyArn names: ssm:GetParameter on the parameter,
// secretsmanager:GetSecretValue on the secrets, and for keys in KMS
// kms:GetPublicKey and kms:Sign. The policy of a borrower includes the lender's
// parameter and keys. A program in another account assumes the role that the output
// SignerRoleArn names.
//
// # Quotas
//
// By default, Systems Manager allows 40 reads a second for each account and Region.
// A signer reads once at its start and then every few minutes, at random intervals.
// The SDK retries throttled reads, and each reading has a timeout
// (signer.OpenOptions). If hundreds of processes start within one second, give them
// the document in an environment variable and use Variable.
//
// # What a document may name
//
// A document is input and may be wrong or malicious. Before sending a request, a
// source checks that the key is where the document is: in the partition, Region and
// account of its parameter, as Systems Manager returns them, or, for a document
// from a file or a variable, in the Region of the configuration. A document in AWS
// may not name a file of the machine that signs. The fields of Source relax these
// rules, and restrict a program to one base URL and one account:
//
//	source := awskeys.Environment(cfg, "signedfront", "prod")
//	source.BaseURL, source.Account = "https://media.example.com", "111122223333"
//	s, err := signer.Open(ctx, source, nil)
//
// # Key material
//
// The private key is in the secret and in the program's memory, where it prints
// redacted. It is in no error, and the response that holds it is in no log of the
// SDK. A key in KMS never leaves KMS.
package awskeys
