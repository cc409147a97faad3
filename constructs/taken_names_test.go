package constructs

import (
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/signedfront/signedfront/constructs/config"
)

func TestNamesThatAWSGivesOnceAreTakenOnce(t *testing.T) {
	app, _ := newApp(t, nil)
	media, film := newStack(app, "Media"), newStack(app, "Film")
	staged := awscdk.NewStack(awscdk.NewStage(app, jsii.String("Prod"), nil), jsii.String("Media"), nil)
	domain := func(names ...string) *config.Domain {
		return &config.Domain{Names: names, Certificate: "arn:aws:acm:us-east-1:123456789012:certificate/a"}
	}
	const unique = "choose another one: CloudFront gives a domain name to one distribution in all of AWS"
	for _, test := range []struct {
		stack awscdk.Stack
		id    string
		props config.Content
		want  string // the error; empty: none
	}{
		{media, "A", config.Content{Name: "a", ParameterName: "/a", Domain: domain("a.example.com", "*.a.example.com")}, ""},
		{media, "B", config.Content{Name: "a", ParameterName: "/a"}, "Media/B: 2 problems:\n" +
			`  Name: "a", which Media/A has too; choose another one: the names of CloudFront's resources start with it` + "\n" +
			`  ParameterName: "/a", which Media/A has too; choose another one: a parameter holds one document`},
		{media, "B", config.Content{Domain: domain("a.example.com")}, `Media/B: Domain.Names[0]: "a.example.com", which Media/A has too; ` + unique},
		{media, "B", config.Content{Name: "b", ParameterName: "/b", Domain: domain("b.a.example.com")}, ""},
		{film, "A", config.Content{Name: "a", ParameterName: "/a"}, ""}, // it may be in another account
		{film, "B", config.Content{Domain: domain("b.example.com", "*.a.example.com")}, `Film/B: Domain.Names[1]: "*.a.example.com", which Media/A has too; ` + unique},
		{staged, "A", config.Content{Domain: domain("a.example.com")}, `Prod/Media/A: Domain.Names[0]: "a.example.com", which Media/A has too; ` + unique},
	} {
		_, err := NewPrivateContent(test.stack, test.id, propsIn(test.stack, test.props))
		if said := errorText(err); said != test.want {
			t.Errorf("got  %s\nwant %s", said, test.want)
		}
	}
	media.Node().TryRemoveChild(jsii.String("A"))
	if _, err := NewPrivateContent(media, "A", propsIn(media, config.Content{Name: "a", ParameterName: "/a", Domain: domain("a.example.com")})); err != nil {
		t.Errorf("made again: %v", err)
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
