package template

import (
	"encoding/json"
	"regexp"
	"strings"

	"github.com/signedfront/signedfront/constructs/contract"
	"github.com/signedfront/signedfront/signer/edge/internal/redact"
	"github.com/signedfront/signedfront/signer/edge/model"
)

// readBucket reads the bucket with the domain name of an origin.
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
	domain.wrong("%s: want the domain name of a bucket, such as Fn::GetAtt of its RegionalDomainName", redact.Quote(domain.text()))
	return nil
}

// bucketDomain matches the domain name of a bucket:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
var bucketDomain = regexp.MustCompile(`^([a-z0-9][a-z0-9.-]+[a-z0-9])\.s3(?:\.dualstack)?(?:\.[a-z]{2}(?:-[a-z]+)+-\d)?\.amazonaws\.com$`)

// readExistingBucket reads a bucket that the template does not create. It assumes
// that the bucket has the policy in the output contract.RequiredBucketPolicy and
// blocks public access, which is the default.
func (r *resolver) readExistingBucket(domain property, name string) *model.Bucket {
	if _, ok := r.Outputs[contract.RequiredBucketPolicy]; !ok {
		domain.wrong("the template does not create the bucket %s, so its policy is unknown: add an output %s whose value is the bucket's policy as JSON", name, contract.RequiredBucketPolicy)
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
		document.wrong("not a policy in JSON: %w", jsonFault(err))
		return nil
	}
	policy := readPolicy(bucketPolicyName, document)
	policy.BlockPublic = true
	return &model.Bucket{Name: name, Policy: policy}
}

// bucketOf returns the logical id of the bucket with the domain name, or "".
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
