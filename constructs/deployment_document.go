package constructs

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsssm"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/signer"
)

// newDeploymentDocument writes what signers need to know into a parameter. It
// is written after the key group, the distribution and the signing policy, so
// that a document never names a key that is not trusted yet or that signers may
// not read yet, and it goes back with them when a deployment fails.
func newDeploymentDocument(scope constructs.Construct, props *PrivateContentProps, distribution awscloudfront.Distribution, keys *signingKeys, policy awsiam.ManagedPolicy) awsssm.StringParameter {
	key := keys.current
	document, err := json.Marshal(signer.Deployment{
		Schema:          signer.DeploymentSchema,
		BaseURL:         baseURL(props, distribution),
		KeyPairID:       *key.keyPairID(),
		Algorithm:       signer.Algorithm(key.Algorithm),
		Hash:            signer.Hash(key.Hash),
		PublicKeySHA256: *key.publicKeySHA256(),
		Key: signer.KeyLocation{
			SecretARN:       *key.secret.Ref(),
			SecretVersionID: *key.secretVersionID(),
		},
		Region:         *awscdk.Stack_Of(scope).Region(),
		MaxURLLifetime: int64(props.MaxURLLifetime / time.Second),
		MaxKeyAge:      int64(props.MaxKeyAge / time.Second),
	})
	if err != nil {
		panic(fmt.Sprintf("a deployment document that cannot be written: %v", err)) // strings and numbers can
	}
	parameter := awsssm.NewStringParameter(scope, jsii.String("DeploymentDocument"), &awsssm.StringParameterProps{
		ParameterName: jsii.String(props.ParameterName),
		Description:   jsii.String("How to sign URLs and cookies for the private content of " + props.Name),
		StringValue:   jsii.String(string(document)),
		Tier:          awsssm.ParameterTier_STANDARD,
	})
	// The distribution is referred to already, the others are not.
	parameter.Node().AddDependency(keys.group, policy)
	return parameter
}
