package constructs

import "github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"

// baseURL is what signed URLs start with.
func baseURL(p *PrivateContentProps, distribution awscloudfront.Distribution) string {
	if p.Domain != nil {
		return "https://" + p.Domain.Names[0]
	}
	return "https://" + *distribution.DistributionDomainName()
}
