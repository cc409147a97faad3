package template

import (
	"encoding/json"
	"regexp"
	"strings"

	"github.com/signedfront/signedfront/constructs/contract"
	"github.com/signedfront/signedfront/signer/edge/internal/redact"
	"github.com/signedfront/signedfront/signer/edge/model"
)

// readBucket reads the bucket that an origin has by its domain name.
func (r *resolver) readBucket(domain property) *model.Bucket {
	if id := r.bucketOf(domain.text()); id != "" {
		bucket := r.properties(id)
		return &model.Bucket{
			Name:       r.bucketName(id),
			Policy:     r.readBucketPolicy(id),
			Encryption: r.readEncryption(bucket),
			CORS:       readCORSRules(bucket.get("CorsConfiguration").get("CorsRules")),
		}
	}
	if m := bucketDomain.FindStringSubmatch(domain.text()); m != nil {
		return r.readExistingBucket(domain, m[1])
	}
	domain.wrong("%s: want the domain name of a bucket, as in Fn::GetAtt of its RegionalDomainName", redact.Quote(domain.text()))
	return nil
}

// bucketDomain is the shape of a bucket's domain name.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
var bucketDomain = regexp.MustCompile(`^([a-z0-9][a-z0-9.-]+[a-z0-9])\.s3(?:\.dualstack)?(?:\.[a-z]{2}(?:-[a-z]+)+-\d)?\.amazonaws\.com$`)

// readExistingBucket takes a bucket that is not of the template to have the
// policy that the template requires, and to block public access, as buckets do
// by default.
func (r *resolver) readExistingBucket(domain property, name string) *model.Bucket {
	if _, ok := r.Outputs[contract.RequiredBucketPolicy]; !ok {
		domain.wrong("the bucket %s is not of this template, so that its policy is not known: give the template an output %s, whose value is the JSON text of the policy that the bucket has", name, contract.RequiredBucketPolicy)
		return nil
	}
	text, err := r.output(contract.RequiredBucketPolicy)
	if err != nil {
		r.report(err)
		return nil
	}
	document := property{r: r, at: "Outputs." + contract.RequiredBucketPolicy + ".Value"}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&document.raw); err != nil {
		document.wrong("not the JSON of a policy: %w", jsonFault(err))
		return nil
	}
	policy := readPolicy(bucketPolicyName, document)
	policy.BlockPublic = true
	return &model.Bucket{Name: name, Policy: policy}
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

// readEncryption reads a bucket's default encryption.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-encryption.html
func (r *resolver) readEncryption(bucket property) model.Encryption {
	for _, rule := range bucket.get("BucketEncryption").get("ServerSideEncryptionConfiguration").list() {
		byDefault := rule.get("ServerSideEncryptionByDefault")
		if !strings.HasPrefix(byDefault.get("SSEAlgorithm").text(), "aws:kms") {
			continue
		}
		e := model.Encryption{KMS: true, Key: byDefault.get("KMSMasterKeyID").text()}
		e.AWSKey = e.Key == "" || strings.HasSuffix(e.Key, "alias/aws/s3")
		if o, ok := r.owners[e.Key]; ok && o.r.Resources[o.id].Type == "AWS::KMS::Key" {
			e.Key = o.r.keyARN(o.id)
			policy := readPolicy("the policy of the KMS key", o.r.properties(o.id).get("KeyPolicy"))
			e.KeyPolicy = &policy
		}
		return e
	}
	return model.Encryption{}
}

func readCORSRules(rules property) []model.CORSRule {
	var read []model.CORSRule
	for _, p := range rules.array() {
		for _, list := range []string{"AllowedMethods", "AllowedHeaders", "ExposedHeaders"} {
			for _, name := range p.get(list).list() {
				checkHeader(name, name.text(), "")
			}
		}
		checkSeconds(p.get("MaxAge"))
		read = append(read, model.CORSRule{
			Origins:        p.get("AllowedOrigins").texts(),
			Methods:        p.get("AllowedMethods").texts(),
			Headers:        p.get("AllowedHeaders").texts(),
			ExposedHeaders: p.get("ExposedHeaders").texts(),
			MaxAge:         p.get("MaxAge").text(),
		})
	}
	return read
}
