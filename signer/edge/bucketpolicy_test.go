package edge

import (
	"strings"
	"testing"
)

const (
	bucketName = "signedfront-local-bucket-"
	origin0    = config + ".Origins.0"
)

// The work that this project replaces was done by hand, and its bucket policy
// named the bucket instead of its objects. Then S3 denies every object.
func TestAPolicyThatNamesTheBucketInsteadOfItsObjectsDeniesEveryObject(t *testing.T) {
	for name, resource := range map[string]any{
		"with a slash":      map[string]any{"Fn::Join": []any{"", []any{map[string]any{"Fn::GetAtt": "Bucket.Arn"}, "/"}}},
		"the bucket's name": map[string]any{"Fn::GetAtt": "Bucket.Arn"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, change{reader + ".Resource", resource})
			for _, path := range []string{"/rt.png", "/users/1/photo.jpg", "/nothing"} {
				got := s.get(s.sign(path))
				if got.status != 403 || !strings.HasPrefix(got.body, `<?xml version="1.0" encoding="UTF-8"?>`+"\n<Error><Code>AccessDenied</Code><Message>Access Denied</Message><RequestId>") {
					t.Errorf("%s: %d %q", path, got.status, got.body)
				}
				if reason := got.header.Get(reasonHeader); !strings.Contains(reason, "which is no object: the objects are arn:aws:s3:::"+bucketName) {
					t.Errorf("%s: the reason does not tell the mistake: %s", path, reason)
				}
			}
		})
	}
}

func TestTheBucketRefusesAsS3Does(t *testing.T) {
	s := serve(t)
	got := s.get(s.sign("/no%20such.png"))
	want := `<?xml version="1.0" encoding="UTF-8"?>` + "\n<Error><Code>AccessDenied</Code><Message>Access Denied</Message><RequestId>" +
		got.header.Get("X-Amz-Request-Id") + "</RequestId><HostId>" + got.header.Get("X-Amz-Id-2") + "</HostId></Error>"
	if got.status != 403 || got.body != want || len(got.header.Get("X-Amz-Request-Id")) != 16 || len(got.header.Get("X-Amz-Id-2")) != 76 {
		t.Errorf("%d %q, want %q", got.status, got.body, want)
	}
	for name, value := range map[string]string{"Content-Type": "application/xml", "Server": "AmazonS3", "X-Cache": "Error from cloudfront", "X-Content-Type-Options": "nosniff"} {
		if got.header.Get(name) != value {
			t.Errorf("header %s is %q, want %q", name, got.header.Get(name), value)
		}
	}
	if got := s.do("HEAD", s.sign("/nothing")); got.status != 403 || got.body != "" {
		t.Errorf("HEAD: %d %q", got.status, got.body)
	}
}

func TestAMissingObjectIsToldToThoseWhoMayListTheBucket(t *testing.T) {
	list := map[string]any{
		"Effect": "Allow", "Action": "s3:ListBucket",
		"Principal": map[string]any{"CanonicalUser": map[string]any{"Fn::GetAtt": "Identity.S3CanonicalUserId"}},
	}
	statements := func(resource any) []any {
		list["Resource"] = resource
		return []any{list, map[string]any{
			"Effect": "Allow", "Action": "s3:GetObject", "Principal": list["Principal"],
			"Resource": map[string]any{"Fn::Sub": "${Bucket.Arn}/*"},
		}}
	}
	const place = "Resources.BucketPolicy.Properties.PolicyDocument.Statement"

	s := serve(t, change{place, statements(map[string]any{"Fn::GetAtt": "Bucket.Arn"})})
	got := s.get(s.sign("/a%26b"))
	if got.status != 404 || !strings.Contains(got.body, "<Code>NoSuchKey</Code><Message>The specified key does not exist.</Message><Key>a&amp;b</Key>") {
		t.Errorf("with s3:ListBucket on the bucket: %d %q", got.status, got.body)
	}
	if got := s.get(s.sign("/")); got.status != 403 || !strings.Contains(got.header.Get(reasonHeader), "would list the bucket here") {
		t.Errorf("its listing: %d %s", got.status, got.header.Get(reasonHeader))
	}
	s = serve(t, change{place, statements(map[string]any{"Fn::Sub": "${Bucket.Arn}/*"})})
	if got := s.get(s.sign("/nothing")); got.status != 403 {
		t.Errorf("with s3:ListBucket on the objects, where it means nothing: %d", got.status)
	}
}

func TestStatementsOfTheBucketPolicy(t *testing.T) {
	oai, oac, nobody := byIdentity, byControl, byNobody
	const objects = `"Resource": "arn:aws:s3:::bbb/*"`
	const service = `"Effect": "Allow", "Principal": {"Service": "cloudfront.amazonaws.com"}, "Action": "s3:GetObject", ` + objects
	const canonical = `"Effect": "Allow", "Principal": {"CanonicalUser": "CANONICAL"}, "Action": "s3:GetObject", ` + objects
	allow := func(condition string) string { return `{` + service + `, "Condition": ` + condition + `}` }
	deny := func(rest string) string {
		return `{` + canonical + `}, {"Effect": "Deny", "Principal": "*", "Action": "s3:*", ` + objects + rest + `}`
	}

	for _, test := range []struct {
		name       string
		statements string
		who        identity
		want       bool
	}{
		{"no statement at all", ``, oai, false},
		{"the identity by its canonical id", `{` + canonical + `}`, oai, true},
		{"the identity by its ARN", `{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E123"}, "Action": "s3:GetObject", ` + objects + `}`, oai, true},
		{"another identity by its ARN", `{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E124"}, "Action": "s3:GetObject", ` + objects + `}`, oai, false},
		{"one of several principals", `{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:root", "CanonicalUser": ["x", "CANONICAL"]}, "Action": "s3:GetObject", ` + objects + `}`, oai, true},
		{"everyone", `{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", ` + objects + `}`, nobody, true},
		{"everyone, the long way", `{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "s3:GetObject", ` + objects + `}`, oai, true},
		{"nobody is not the identity", `{` + canonical + `}`, nobody, false},
		{"the service is not the identity", `{` + service + `}`, oai, false},
		{"NotPrincipal never opens", `{"Effect": "Allow", "NotPrincipal": {"AWS": "x"}, "Action": "s3:GetObject", ` + objects + `}`, oai, false},

		{"actions do not care about letter case", `{"Effect": "Allow", "Principal": "*", "Action": "S3:getobject", ` + objects + `}`, oai, true},
		{"an action with a wildcard", `{"Effect": "Allow", "Principal": "*", "Action": ["s3:List*", "s3:Get*"], ` + objects + `}`, oai, true},
		{"all actions", `{"Effect": "Allow", "Principal": "*", "Action": "*", ` + objects + `}`, oai, true},
		{"another action", `{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObjectVersion", ` + objects + `}`, oai, false},
		{"NotAction of another", `{"Effect": "Allow", "Principal": "*", "NotAction": "s3:DeleteObject", ` + objects + `}`, oai, true},
		{"NotAction of this one", `{"Effect": "Allow", "Principal": "*", "NotAction": "s3:Get*", ` + objects + `}`, oai, false},

		{"the object by its name", `{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": ["arn:aws:s3:::bbb/x", "arn:aws:s3:::bbb/rt.png"]}`, oai, true},
		{"objects with a wildcard", `{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bbb/r?.*"}`, oai, true},
		{"objects of another case", `{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bbb/RT.png"}`, oai, false},
		{"objects of another bucket", `{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bb/*"}`, oai, false},
		{"everything", `{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}`, oai, true},
		{"NotResource of others", `{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "NotResource": "arn:aws:s3:::bbb/private/*"}`, oai, true},
		{"a policy variable never opens", `{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bbb/${aws:username}*"}`, oai, false},

		{"the control of this distribution", allow(`{"StringEquals": {"AWS:SourceArn": "arn:aws:cloudfront::000000000000:distribution/EDIST"}}`), oac, true},
		{"the control of another distribution", allow(`{"StringEquals": {"aws:sourcearn": "arn:aws:cloudfront::000000000000:distribution/EOTHER"}}`), oac, false},
		{"the control of one of these", allow(`{"StringEquals": {"aws:SourceArn": ["x", "arn:aws:cloudfront::000000000000:distribution/EDIST"]}}`), oac, true},
		{"the control of any distribution of the account", allow(`{"ArnLike": {"aws:SourceArn": "arn:aws:cloudfront::000000000000:distribution/*"}}`), oac, true},
		{"a wildcard of an ARN does not reach over a colon", allow(`{"ArnLike": {"aws:SourceArn": "arn:aws:*:distribution/EDIST"}}`), oac, false},
		{"the control by account", allow(`{"StringEquals": {"aws:SourceAccount": "000000000000"}}`), oac, true},
		{"the control without a condition", `{` + service + `}`, oac, true},
		{"two conditions of which one fails", allow(`{"StringEquals": {"aws:SourceAccount": "000000000000"}, "Bool": {"aws:SecureTransport": "false"}}`), oac, false},
		{"a source that the request does not have", `{` + canonical + `, "Condition": {"StringEquals": {"aws:SourceArn": "x"}}}`, oai, false},
		{"such a source, if it exists", `{` + canonical + `, "Condition": {"StringEqualsIfExists": {"aws:SourceArn": "x"}}}`, oai, true},
		{"such a source, negated", `{` + canonical + `, "Condition": {"StringNotEquals": {"aws:SourceArn": "x"}}}`, oai, true},
		{"such a source, by Null", `{` + canonical + `, "Condition": {"Null": {"aws:SourceArn": "true"}}}`, oai, true},
		{"a boolean that is one", `{` + canonical + `, "Condition": {"Bool": {"aws:SecureTransport": true}}}`, oai, true},
		{"an unknown key never opens", `{` + canonical + `, "Condition": {"StringEquals": {"aws:UserAgent": "x"}}}`, oai, false},
		{"an unknown operator never opens", `{` + canonical + `, "Condition": {"IpAddress": {"aws:SecureTransport": "true"}}}`, oai, false},
		{"an unknown set operator never opens", `{` + canonical + `, "Condition": {"ForAllValues:StringEquals": {"aws:SecureTransport": "true"}}}`, oai, false},

		{"a denial beats what is allowed", deny(``), oai, false},
		{"a denial of something else", `{` + canonical + `}, {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::bbb/other/*"}`, oai, true},
		{"a denial for others", `{` + canonical + `}, {"Effect": "Deny", "Principal": {"AWS": "arn:aws:iam::1:root"}, "Action": "s3:*", ` + objects + `}`, oai, true},
		{"a denial of plain HTTP", deny(`, "Condition": {"Bool": {"aws:SecureTransport": "false"}}`), oai, true},
		{"a denial of old TLS", deny(`, "Condition": {"NumericLessThan": {"s3:TlsVersion": 1.2}}`), oai, true},
		{"a denial of TLS that CloudFront may speak", deny(`, "Condition": {"NumericLessThan": {"s3:TlsVersion": "1.3"}}`), oai, false},
		{"an unknown key denies", deny(`, "Condition": {"StringEquals": {"aws:UserAgent": "x"}}`), oai, false},
		{"an unknown operator denies", deny(`, "Condition": {"DateGreaterThan": {"aws:SecureTransport": "x"}}`), oai, false},
		{"an unknown key beside one that fails does not", deny(`, "Condition": {"StringEquals": {"aws:UserAgent": "x"}, "Bool": {"aws:SecureTransport": "false"}}`), oai, true},
		{"a policy variable denies", `{` + canonical + `}, {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::bbb/${aws:PrincipalTag/team}/*"}`, oai, false},
		{"NotPrincipal denies no other action", `{` + canonical + `}, {"Effect": "Deny", "NotPrincipal": {"CanonicalUser": "CANONICAL"}, "Action": "s3:DeleteObject", ` + objects + `}`, oai, true},
		{"NotPrincipal denies no other object", `{` + canonical + `}, {"Effect": "Deny", "NotPrincipal": {"CanonicalUser": "CANONICAL"}, "Action": "s3:*", "Resource": "arn:aws:s3:::bbb/other"}`, oai, true},
		{"NotPrincipal denies", `{` + canonical + `}, {"Effect": "Deny", "NotPrincipal": {"CanonicalUser": "CANONICAL"}, "Action": "s3:*", ` + objects + `}`, oai, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, reason := decided(t, strings.ReplaceAll(test.statements, "CANONICAL", "c123"), test.who, rtPicture)
			if got != test.want {
				t.Errorf("allowed: %v, want %v: %s", got, test.want, reason)
			}
			if got == (reason != "") {
				t.Errorf("allowed: %v, and the reason is %q", got, reason)
			}
		})
	}
}

func TestWhereThePublicIsBlockedAPolicyForEveryoneLetsNobodyIn(t *testing.T) {
	changes := []change{
		{reader + ".Principal", "*"},
		{origin0 + ".S3OriginConfig.OriginAccessIdentity", ""},
	}
	if s := serve(t, changes...); s.get(s.sign("/rt.png")).status != 403 {
		t.Error("everyone was let in, the anonymous CloudFront too")
	}
	const block = "Resources.Bucket.Properties.PublicAccessBlockConfiguration"
	if s := serve(t, append(changes, change{block, nil})...); s.get(s.sign("/rt.png")).status != 403 {
		t.Error("everyone was let in where the template says nothing of public access")
	}
	changes = append(changes, change{block, map[string]any{"BlockPublicAcls": true}})
	if s := serve(t, changes...); s.get(s.sign("/rt.png")).status != 200 {
		t.Error("where the public is not blocked, everyone is not let in")
	}
}

func TestTheIdentityIsTheOneThatTheOriginNames(t *testing.T) {
	control := []change{
		{origin0 + ".S3OriginConfig.OriginAccessIdentity", ""},
		{origin0 + ".OriginAccessControlId", map[string]any{"Fn::GetAtt": "Control.Id"}},
		{"Resources.Control", map[string]any{"Type": "AWS::CloudFront::OriginAccessControl", "Properties": map[string]any{
			"OriginAccessControlConfig": map[string]any{"SigningBehavior": "always"}}}},
	}
	service := []change{
		{reader + ".Principal", map[string]any{"Service": "cloudfront.amazonaws.com"}},
		{reader + ".Condition", map[string]any{"StringEquals": map[string]any{
			"AWS:SourceArn": map[string]any{"Fn::Sub": "arn:aws:cloudfront::${AWS::AccountId}:distribution/${Distribution}"}}}},
	}
	never := change{"Resources.Control.Properties.OriginAccessControlConfig.SigningBehavior", "never"}
	anonymous := change{origin0 + ".S3OriginConfig.OriginAccessIdentity", ""}
	for _, test := range []struct {
		name    string
		changes []change
		status  int
	}{
		{"an identity, and a policy for it", nil, 200},
		{"a control, and a policy for it", append(control, service...), 200},
		{"a control, and a policy for the identity", control, 403},
		{"an identity, and a policy for the control", service, 403},
		{"a control that signs nothing", append(append(control, service...), never), 403},
		{"neither", []change{anonymous}, 403},
	} {
		if s := serve(t, test.changes...); s.get(s.sign("/rt.png")).status != test.status {
			t.Errorf("%s: status is not %d", test.name, test.status)
		}
	}
}

func TestATemplateForOneAccountAndRegionIsServedAsDeployedThere(t *testing.T) {
	changes := []change{
		{origin0 + ".S3OriginConfig.OriginAccessIdentity", ""},
		{origin0 + ".OriginAccessControlId", map[string]any{"Ref": "Control"}},
		{origin0 + ".DomainName", map[string]any{"Fn::Sub": "${Bucket}.s3.eu-central-1.amazonaws.com"}},
		{"Resources.Control", map[string]any{
			"Type":       "AWS::CloudFront::OriginAccessControl",
			"Properties": map[string]any{"OriginAccessControlConfig": map[string]any{"SigningBehavior": "always"}},
		}},
		{reader + ".Principal", map[string]any{"Service": "cloudfront.amazonaws.com"}},
		{reader + ".Condition", map[string]any{"StringEquals": map[string]any{
			"AWS:SourceArn": map[string]any{"Fn::Sub": "arn:aws:cloudfront::111122223333:distribution/${Distribution}"}}}},
	}
	s := serveConfig(t, Config{Template: edited(t, changes...), Objects: OpenFS(pictures), StackName: "app-prod", Account: "111122223333", Region: "eu-central-1"})
	if got := s.get(s.sign("/rt.png")); got.status != 200 {
		t.Errorf("status %d: %s", got.status, got.header.Get(reasonHeader))
	}
}
