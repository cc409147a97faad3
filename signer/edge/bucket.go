package edge

import (
	"encoding/json"
	"regexp"
	"strings"

	"github.com/signedfront/signedfront/constructs/contract"
)

// readBucket reads the bucket that an origin has by its domain name.
func (r *resolver) readBucket(domain property) *origin {
	if id := r.bucketOf(domain.text()); id != "" {
		bucket := r.properties(id)
		return &origin{
			bucket:     r.bucketName(id),
			policy:     r.readBucketPolicy(id),
			encryption: r.readEncryption(bucket),
			cors:       readCORSRules(bucket.get("CorsConfiguration").get("CorsRules")),
		}
	}
	if m := bucketDomain.FindStringSubmatch(domain.text()); m != nil {
		return r.readExistingBucket(domain, m[1])
	}
	domain.wrong("%s: want the domain name of a bucket, as in Fn::GetAtt of its RegionalDomainName", shown(domain.text()))
	return nil
}

// bucketDomain is the shape of a bucket's domain name.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
var bucketDomain = regexp.MustCompile(`^([a-z0-9][a-z0-9.-]+[a-z0-9])\.s3(?:\.dualstack)?(?:\.[a-z]{2}(?:-[a-z]+)+-\d)?\.amazonaws\.com$`)

// readExistingBucket takes a bucket that is not of the template to have the
// policy that the template requires, and to block public access, as buckets do
// by default.
func (r *resolver) readExistingBucket(domain property, name string) *origin {
	if _, ok := r.Outputs[contract.RequiredBucketPolicy]; !ok {
		domain.wrong("the bucket %s is not of this template, so that its policy is not known: give the template an output %s, whose value is the JSON text of the policy that the bucket has", name, contract.RequiredBucketPolicy)
		return nil
	}
	place := "Outputs." + contract.RequiredBucketPolicy + ".Value"
	text, err := r.output(contract.RequiredBucketPolicy)
	if err != nil {
		r.report(err)
		return nil
	}
	document := property{r: r, at: place}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&document.raw); err != nil {
		document.wrong("not the JSON of a policy: %w", jsonFault(err))
		return nil
	}
	policy := readPolicy(bucketPolicyName, document)
	policy.blockPublic = true
	return &origin{bucket: name, policy: policy}
}

// bucketOf is the logical id of the bucket that has the domain name.
func (r *resolver) bucketOf(domain string) string {
	if o, ok := r.owners[domain]; ok && o.r == r && r.Resources[o.id].Type == "AWS::S3::Bucket" {
		return o.id
	}
	for _, id := range r.existing("AWS::S3::Bucket") {
		bucket := r.bucketName(id)
		rest, ok := strings.CutPrefix(domain, bucket+".s3")
		if ok && (rest == ".amazonaws.com" || rest == "."+r.stack.region+".amazonaws.com" || rest == ".dualstack."+r.stack.region+".amazonaws.com") {
			return id
		}
	}
	return ""
}
