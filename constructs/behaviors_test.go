package constructs

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/interfaces/interfacesawscloudfront"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs/config"
)

// webOrigin is an origin other than the content's.
type webOrigin struct{}

func (*webOrigin) Bind(constructs.Construct, *awscloudfront.OriginBindOptions) *awscloudfront.OriginBindConfig {
	return &awscloudfront.OriginBindConfig{OriginProperty: &awscloudfront.CfnDistribution_OriginProperty{
		Id: jsii.String("api"), DomainName: jsii.String("api.example.com"),
		CustomOriginConfig: &awscloudfront.CfnDistribution_CustomOriginConfigProperty{OriginProtocolPolicy: jsii.String("https-only")},
	}}
}

func TestFurtherBehaviorsRequireASignatureUnlessTheyArePublic(t *testing.T) {
	api := &webOrigin{}
	_, template := contentIn(t, func(awscdk.Stack) *PrivateContentProps {
		return &PrivateContentProps{
			PublicPaths: []string{"/assets/*"}, SignedPaths: []string{"/assets/premium/*"},
			Behaviors: []Behavior{
				{PathPattern: "/open/*", Public: true, Origin: api},
				{PathPattern: "/api/*", Origin: api, Options: &awscloudfront.AddBehaviorOptions{
					AllowedMethods: awscloudfront.AllowedMethods_ALLOW_ALL(), CachePolicy: awscloudfront.CachePolicy_CACHING_DISABLED(),
				}},
				{PathPattern: "/films/*"},
			},
		}
	})
	var got []string
	for _, behavior := range distributionConfig(t, template)["CacheBehaviors"].([]any) {
		b := behavior.(map[string]any)
		access := "public"
		if b["TrustedKeyGroups"] != nil {
			access = "signed"
		}
		got = append(got, fmt.Sprint(b["PathPattern"], " ", access, " from ", b["TargetOriginId"]))
		// What Options leaves out is as for the content.
		if b["ViewerProtocolPolicy"] != "https-only" || b["ResponseHeadersPolicyId"] == nil {
			t.Errorf("%s: %v, headers %v", b["PathPattern"], b["ViewerProtocolPolicy"], b["ResponseHeadersPolicyId"])
		}
		if refuses := b["FunctionAssociations"] != nil; refuses != (access == "public") {
			t.Errorf("%s: escapes are refused: %t", b["PathPattern"], refuses)
		}
		if methods := len(b["AllowedMethods"].([]any)); (methods == 7) != (b["PathPattern"] == "/api/*") {
			t.Errorf("%s: %d methods", b["PathPattern"], methods)
		}
	}
	want := []string{
		"/assets/premium/* signed from content", "/api/* signed from api", "/films/* signed from content",
		"/assets/* public from content", "/open/* public from api",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestBehaviorsThatOpenOrHideSomethingAreReportedTogether(t *testing.T) {
	refusal := &[]*awscloudfront.FunctionAssociation{{EventType: awscloudfront.FunctionEventType_VIEWER_REQUEST}}
	app, _ := newApp(t, nil)
	_, err := NewPrivateContent(newStack(app, "Media"), "Content", &PrivateContentProps{
		PublicPaths: []string{"/assets/*", "/api/docs/*"}, SignedPaths: []string{"/assets/premium/*"},
		Behaviors: []Behavior{
			{PathPattern: "/assets/premium/films/*", Public: true},
			{PathPattern: "/assets/premium/*"},
			{PathPattern: "/api/*", Options: &awscloudfront.AddBehaviorOptions{ViewerProtocolPolicy: awscloudfront.ViewerProtocolPolicy_ALLOW_ALL}},
			{PathPattern: "/open/*", Public: true, Options: &awscloudfront.AddBehaviorOptions{FunctionAssociations: refusal}},
			{PathPattern: "/trusted/*", Public: true, Options: &awscloudfront.AddBehaviorOptions{TrustedKeyGroups: &[]interfacesawscloudfront.IKeyGroupRef{}}},
			{PathPattern: "/edge/*", Public: true, Options: &awscloudfront.AddBehaviorOptions{EdgeLambdas: &[]*awscloudfront.EdgeLambda{{EventType: awscloudfront.LambdaEdgeEventType_VIEWER_REQUEST}}}},
			{PathPattern: "/*", Public: true},
			{PathPattern: "/nil/*", Options: &awscloudfront.AddBehaviorOptions{FunctionAssociations: &[]*awscloudfront.FunctionAssociation{nil}}},
			{PathPattern: "/lambda/*", Options: &awscloudfront.AddBehaviorOptions{EdgeLambdas: &[]*awscloudfront.EdgeLambda{nil}}},
		},
	})
	var problems config.Problems
	if !errors.As(err, &problems) {
		t.Fatalf("the error holds no problems: %v", err)
	}
	var got []string
	for _, problem := range problems {
		got = append(got, problem.Path+": "+problem.Found)
	}
	slices.Sort(got)
	want := []string{
		`Behaviors[0].PathPattern: "/assets/premium/films/*", which is never reached`,
		`Behaviors[1].PathPattern: "/assets/premium/*", which is never reached`,
		"Behaviors[2].Options.ViewerProtocolPolicy: ALLOW_ALL, which sends signatures unencrypted",
		"Behaviors[3].Options.FunctionAssociations: a function for viewer requests, in addition to the one that refuses escapes of signed paths",
		"Behaviors[4].Options.TrustedKeyGroups: key groups",
		"Behaviors[5].Options.FunctionAssociations: a function for viewer requests, in addition to the one that refuses escapes of signed paths",
		`Behaviors[6].PathPattern: "/*", public`,
		"Behaviors[7].Options.FunctionAssociations: nil among them",
		"Behaviors[8].Options.EdgeLambdas: nil among them",
		`PublicPaths[1]: "/api/docs/*", which lies within the signed "/api/*"`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestTheDistributionCanBeChangedBeforeItIsMadeButStaysSigned(t *testing.T) {
	_, template := contentIn(t, func(awscdk.Stack) *PrivateContentProps {
		return &PrivateContentProps{ConfigureDistribution: func(props *awscloudfront.DistributionProps) {
			props.Comment = jsii.String("Holiday pictures")
			props.DefaultBehavior.Compress = jsii.Bool(false)
		}}
	})
	settings := distributionConfig(t, template)
	wantJSON(t, "the comment", settings["Comment"], `"Holiday pictures"`)
	wantJSON(t, "compression", settings["DefaultCacheBehavior"].(map[string]any)["Compress"], `false`)

	// What else the default behavior trusts does not concern signed paths.
	_, template = contentIn(t, func(stack awscdk.Stack) *PrivateContentProps {
		return &PrivateContentProps{Behaviors: []Behavior{{PathPattern: "/films/*"}}, ConfigureDistribution: func(props *awscloudfront.DistributionProps) {
			groups := props.DefaultBehavior.TrustedKeyGroups
			*groups = append(*groups, awscloudfront.KeyGroup_FromKeyGroupId(stack, jsii.String("Others"), jsii.String("others")))
		}}
	})
	for _, b := range behaviors(t, template) {
		if groups, want := len(b["TrustedKeyGroups"].([]any)), map[any]int{"/films/*": 1, "*": 2}[b["PathPattern"]]; groups != want {
			t.Errorf("%s trusts %d key groups, want %d", b["PathPattern"], groups, want)
		}
	}

	domain := config.Content{Missing: 404, DefaultRootObject: "index.html", AddressRestriction: true, Domain: &config.Domain{Names: []string{"media.example.com"}, Certificate: certificateARN}}
	for field, change := range map[string]func(*awscloudfront.DistributionProps){
		"DefaultBehavior":        func(p *awscloudfront.DistributionProps) { p.DefaultBehavior = nil },
		"DefaultBehavior.Origin": func(p *awscloudfront.DistributionProps) { p.DefaultBehavior.Origin = &webOrigin{} },
		"DefaultBehavior.TrustedKeyGroups": func(p *awscloudfront.DistributionProps) {
			p.DefaultBehavior.TrustedKeyGroups = &[]interfacesawscloudfront.IKeyGroupRef{}
		},
		"DefaultBehavior.ViewerProtocolPolicy": func(p *awscloudfront.DistributionProps) {
			p.DefaultBehavior.ViewerProtocolPolicy = awscloudfront.ViewerProtocolPolicy_ALLOW_ALL
		},
		"AdditionalBehaviors": func(p *awscloudfront.DistributionProps) {
			p.AdditionalBehaviors = &map[string]*awscloudfront.BehaviorOptions{"/api/*": {Origin: &webOrigin{}}}
		},
		"DomainNames":       func(p *awscloudfront.DistributionProps) { p.DomainNames = jsii.Strings("films.example.com") },
		"DefaultRootObject": func(p *awscloudfront.DistributionProps) { p.DefaultRootObject = nil },
		"EnableIpv6":        func(p *awscloudfront.DistributionProps) { p.EnableIpv6 = jsii.Bool(true) },
	} {
		app, _ := newApp(t, nil)
		stack := newStack(app, "Media")
		props := propsIn(stack, domain)
		props.ConfigureDistribution = change
		_, err := NewPrivateContent(stack, "Content", props)
		var problems config.Problems
		if !errors.As(err, &problems) || len(problems) != 1 || problems[0].Path != "ConfigureDistribution: "+field {
			t.Errorf("%s: got %v", field, err)
		}
		if stack.Node().TryFindChild(jsii.String("Content")) != nil {
			t.Errorf("%s: the content is there all the same", field)
		}
	}
}

func TestAWrongChangeOfTheDistributionLeavesNothingBehind(t *testing.T) {
	app, outdir := newApp(t, nil)
	stack := awscdk.NewStack(app, jsii.String("Media"), &awscdk.StackProps{Env: &awscdk.Environment{Account: jsii.String("123456789012"), Region: jsii.String("eu-west-1")}})
	props := &PrivateContentProps{
		Name: "films", OriginAccess: config.OAC, CORS: &config.CORS{Origins: []string{"https://app.example.com"}},
		Bucket: awss3.NewBucket(stack, jsii.String("Files"), &awss3.BucketProps{Encryption: awss3.BucketEncryption_KMS}),
		Domain: &Domain{Names: []string{"media.example.com"}, HostedZone: awsroute53.HostedZone_FromHostedZoneAttributes(stack, jsii.String("Zone"), &awsroute53.HostedZoneAttributes{
			HostedZoneId: jsii.String("Z0123456789ABCDEFGHIJ"), ZoneName: jsii.String("example.com"),
		})},
		ConfigureDistribution: func(p *awscloudfront.DistributionProps) { p.DefaultBehavior = nil },
	}
	for _, id := range []string{"Content", "Content", "Films"} {
		if _, err := NewPrivateContent(stack, id, props); !strings.Contains(errorText(err), "DefaultBehavior: none") {
			t.Fatalf("%s: got %v", id, err)
		}
	}
	props.ConfigureDistribution = nil
	if _, err := NewPrivateContent(stack, "Content", props); err != nil {
		t.Fatal(err)
	}
	app.Synth(nil)
	template := readTemplate(t, outdir, "Media")
	_, bucket := template.only(t, "AWS::S3::Bucket")
	if rules := bucket.property("CorsConfiguration", "CorsRules").([]any); len(rules) != 1 {
		t.Errorf("CORS rules %v", rules)
	}
	_, key := template.only(t, "AWS::KMS::Key")
	if statements := key.property("KeyPolicy", "Statement").([]any); len(statements) != 2 {
		t.Errorf("the key's policy says %v", statements)
	}
	readTemplate(t, outdir, "Media-certificate").only(t, "AWS::CertificateManager::Certificate")
}

func TestABehaviorThatIsAddedLaterAndOpenFailsTheSynthesis(t *testing.T) {
	for _, signed := range []bool{true, false} {
		app, _ := newApp(t, nil)
		content, err := NewPrivateContent(newStack(app, "Media"), "Content", &PrivateContentProps{
			PublicPaths: []string{"/assets/*"}, Behaviors: []Behavior{{PathPattern: "/open/*", Public: true}},
		})
		if err != nil {
			t.Fatal(err)
		}
		options := &awscloudfront.AddBehaviorOptions{}
		if signed {
			options.TrustedKeyGroups = &[]interfacesawscloudfront.IKeyGroupRef{content.KeyGroup()}
		}
		content.Distribution().AddBehavior(jsii.String("/api/*"), &webOrigin{}, options)
		said := func() (said string) {
			defer func() {
				if r := recover(); r != nil {
					said = CDKError(r).Error()
				}
			}()
			app.Synth(nil)
			return ""
		}()
		want := `the behavior of "/api/*" trusts no key group, so everyone may read it; list it in Behaviors of PrivateContentProps, with Public: true if it is meant to be public`
		if signed && said != "" || !signed && (!strings.Contains(said, want) || strings.Contains(said, "assets") || strings.Contains(said, "/open")) {
			t.Errorf("signed %t: it says %s", signed, said)
		}
	}
}

func TestTheDocumentNamesNoForwardedQueryWhereABehaviorThatIsAddedLaterForwardsOne(t *testing.T) {
	for name, test := range map[string]struct {
		options awscloudfront.AddBehaviorOptions
		known   bool
	}{
		"as the others":             {awscloudfront.AddBehaviorOptions{}, true},
		"with a cache policy":       {awscloudfront.AddBehaviorOptions{CachePolicy: awscloudfront.CachePolicy_USE_ORIGIN_CACHE_CONTROL_HEADERS_QUERY_STRINGS()}, false},
		"with a policy of requests": {awscloudfront.AddBehaviorOptions{OriginRequestPolicy: awscloudfront.OriginRequestPolicy_ALL_VIEWER_EXCEPT_HOST_HEADER()}, false},
	} {
		app, outdir := newApp(t, nil)
		content, err := NewPrivateContent(newStack(app, "Media"), "Content", nil)
		if err != nil {
			t.Fatal(err)
		}
		test.options.TrustedKeyGroups = &[]interfacesawscloudfront.IKeyGroupRef{content.KeyGroup()}
		content.Distribution().AddBehavior(jsii.String("/api/*"), &webOrigin{}, &test.options)
		app.Synth(nil)
		_, document := readTemplate(t, outdir, "Media").only(t, "AWS::SSM::Parameter")
		if text := fmt.Sprint(document.Properties["Value"]); strings.Contains(text, `"query":`) != test.known {
			t.Errorf("%s: the document is %s", name, text)
		}
	}
}

func TestTheDocumentNamesNoForwardedQueryThatTheAppMayHaveChanged(t *testing.T) {
	for name, test := range map[string]struct {
		props PrivateContentProps
		known bool
	}{
		"a behavior like the others":     {PrivateContentProps{Behaviors: []Behavior{{PathPattern: "/api/*", Origin: &webOrigin{}}}}, true},
		"a behavior with its options":    {PrivateContentProps{Behaviors: []Behavior{{PathPattern: "/api/*", Options: &awscloudfront.AddBehaviorOptions{}}}}, false},
		"a distribution that is changed": {PrivateContentProps{ConfigureDistribution: func(*awscloudfront.DistributionProps) {}}, false},
	} {
		_, template := contentIn(t, func(awscdk.Stack) *PrivateContentProps { return &test.props })
		_, document := template.only(t, "AWS::SSM::Parameter")
		if text := fmt.Sprint(document.Properties["Value"]); strings.Contains(text, `"query":`) != test.known {
			t.Errorf("%s: the document is %s", name, text)
		}
	}
}
