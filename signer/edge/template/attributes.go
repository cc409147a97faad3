package template

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/signedfront/signedfront/constructs/contract"
	"github.com/signedfront/signedfront/signer/edge/internal/redact"
)

// stack identifies a stack: its name, account and Region, real or assumed.
type stack struct {
	name, account, region string

	anywhere bool // the Region is a default: none was given
	other    bool // it is another stack than the edge's own
}

// The defaults of a stack.
const (
	localStack   = "signedfront-local"
	localAccount = "000000000000"
	localRegion  = "us-east-1"
)

// pseudoParameter returns the value of a pseudo parameter, such as AWS::Region.
func (s stack) pseudoParameter(name string) (v any, ok bool) {
	switch name {
	case "AWS::AccountId":
		return s.account, true
	case "AWS::Region":
		return s.region, true
	case "AWS::StackName":
		return s.name, true
	case "AWS::StackId":
		return fmt.Sprintf("arn:aws:cloudformation:%s:%s:stack/%s/%s", s.region, s.account, s.name, s.uuid("stack")), true
	case "AWS::Partition":
		return "aws", true
	case "AWS::URLSuffix":
		return "amazonaws.com", true
	case "AWS::NotificationARNs":
		return []any{}, true
	case "AWS::NoValue":
		return noValue, true
	}
	return nil, false
}

// An id is derived from the stack and the logical id, so it is the same on each
// run.

func (s stack) hash(what string) [sha256.Size]byte {
	return sha256.Sum256([]byte(s.account + "\x00" + s.region + "\x00" + s.name + "\x00" + what))
}

func (s stack) uuid(what string) string {
	b := s.hash(what)
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

// letters returns n upper-case letters and digits, as in CloudFront's ids.
func (s stack) letters(what string, n int) string {
	b := s.hash(what)
	return base32.StdEncoding.EncodeToString(b[:])[:n]
}

// keyPairID returns the id of a public key. It is derived from the fingerprint.
func keyPairID(fingerprint string) string {
	sum := sha256.Sum256([]byte(fingerprint))
	return "K" + base32.StdEncoding.EncodeToString(sum[:])[:13]
}

// canonicalUserID returns the canonical user id of an origin access identity.
func canonicalUserID(identity string) string {
	sum := sha256.Sum256([]byte("origin access identity " + identity))
	return hex.EncodeToString(sum[:])
}

// attribute returns the value of Ref or Fn::GetAtt for a resource.
func (r *resolver) attribute(at, id, name string) (string, error) {
	kind, ok := r.Resources[id]
	if !ok {
		return "", fmt.Errorf("%s: the template has no resource or parameter %q", at, redact.Name(id))
	}
	key := id + "." + name
	if v, ok := r.attributes[key]; ok {
		return v, nil
	}
	if ok, err := r.exists(id); err != nil {
		return "", err
	} else if !ok {
		return "", fmt.Errorf("%s: resource %s does not exist: its condition is false", at, redact.Name(id))
	}
	if r.busy[key] {
		return "", fmt.Errorf("%s: %s refers to itself", at, redact.Name(id))
	}
	r.busy[key] = true
	defer delete(r.busy, key)

	v, err := r.assign(id, kind.Type, name)
	switch {
	case err == errUnknownAttribute && name == "Ref":
		return "", fmt.Errorf("%s: the local edge does not know the value of Ref for %s, a resource of type %s", at, redact.Name(id), redact.Name(kind.Type))
	case err == errUnknownAttribute:
		return "", fmt.Errorf("%s: the local edge does not know the attribute %s of %s, a resource of type %s", at, redact.Name(name), redact.Name(id), redact.Name(kind.Type))
	case err != nil:
		return "", err
	}
	r.attributes[key] = v
	return v, nil
}

var errUnknownAttribute = errors.New("unknown attribute")

// assign returns the value that AWS would assign, in AWS's own format.
func (r *resolver) assign(id, kind, name string) (string, error) {
	// given records the physical id of the resource.
	given := func(v string, err error) (string, error) {
		if err == nil {
			r.owners[v] = owner{r, id}
		}
		return v, err
	}
	identifies := name == "Ref" || name == "Id" // two names for the physical id

	switch kind {
	case "AWS::S3::Bucket":
		v, err := bucketAttribute(r.bucketName(id), r.stack.region, name)
		return given(v, err)
	case "AWS::CloudFront::Distribution":
		switch {
		case identifies:
			return r.distributionID(id), nil
		case name == "DomainName":
			return r.domain, nil
		}
	case "AWS::CloudFront::CloudFrontOriginAccessIdentity":
		identity := "E" + r.stack.letters(id, 13)
		switch {
		case identifies:
			return identity, nil
		case name == "S3CanonicalUserId":
			return canonicalUserID(identity), nil
		}
	case "AWS::CloudFront::OriginAccessControl":
		if identifies {
			return given("E"+r.stack.letters(id, 13), nil)
		}
	case "AWS::CloudFront::PublicKey":
		if identifies {
			return given(r.publicKey(id))
		}
	case "AWS::CloudFront::KeyGroup", "AWS::CloudFront::ResponseHeadersPolicy", "AWS::CloudFront::OriginRequestPolicy", "AWS::CloudFront::CachePolicy":
		if identifies {
			return given(r.stack.uuid(id), nil)
		}
	case "AWS::CloudFront::Function":
		if identifies || name == "FunctionARN" {
			return given(fmt.Sprintf("arn:aws:cloudfront::%s:function/%s", r.stack.account, r.properties(id).get("Name").text()), nil)
		}
	case contract.SigningKeyPair:
		return r.keyPairAttribute(id, name)
	case "AWS::SecretsManager::Secret":
		if identifies {
			return r.secretARN(id), nil
		}
	case "AWS::SSM::Parameter":
		switch name {
		case "Ref":
			if named := r.properties(id).get("Name").text(); named != "" {
				return named, nil
			}
			return "CFN-" + id + "-" + r.stack.letters(id, 12), nil
		case "Type", "Value":
			return r.properties(id).get(name).text(), nil
		}
	case "AWS::KMS::Key":
		switch name {
		case "Ref", "KeyId":
			return given(r.stack.uuid(id), nil)
		case "Arn":
			return given(r.keyARN(id), nil)
		}
	case "AWS::IAM::Role", "AWS::IAM::User":
		if name == "Arn" {
			return fmt.Sprintf("arn:aws:iam::%s:%s/%s-%s", r.stack.account, strings.ToLower(kind[len("AWS::IAM::"):]), r.stack.name, id), nil
		}
	}
	return "", errUnknownAttribute
}

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
var bucketNames = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

func (r *resolver) bucketName(id string) string {
	if named := r.properties(id).get("BucketName"); named.text() != "" {
		if !bucketNames.MatchString(named.text()) {
			named.wrong("%s: want 3 to 63 lower-case letters, digits, dots and hyphens", redact.Quote(named.text()))
		}
		return named.text()
	}
	return strings.ToLower(r.stack.name + "-" + id + "-" + r.stack.letters(id, 12))
}

func bucketAttribute(bucket, region, name string) (string, error) {
	switch name {
	case "Ref":
		return bucket, nil
	case "Arn":
		return "arn:aws:s3:::" + bucket, nil
	case "DomainName":
		return bucket + ".s3.amazonaws.com", nil
	case "RegionalDomainName":
		return bucket + ".s3." + region + ".amazonaws.com", nil
	case "DualStackDomainName":
		return bucket + ".s3.dualstack." + region + ".amazonaws.com", nil
	}
	return "", errUnknownAttribute
}

func (r *resolver) distributionID(id string) string { return "E" + r.stack.letters(id, 13) }

func (r *resolver) distributionARN(id string) string {
	return fmt.Sprintf("arn:aws:cloudfront::%s:distribution/%s", r.stack.account, r.distributionID(id))
}

func (r *resolver) keyARN(id string) string {
	return fmt.Sprintf("arn:aws:kms:%s:%s:key/%s", r.stack.region, r.stack.account, r.stack.uuid(id))
}

func (r *resolver) secretARN(id string) string {
	name := r.properties(id).get("Name").text()
	if name == "" {
		name = id + "-" + r.stack.letters(id+" name", 12)
	}
	return fmt.Sprintf("arn:aws:secretsmanager:%s:%s:secret:%s-%s", r.stack.region, r.stack.account, name, r.stack.letters(id, 6))
}
