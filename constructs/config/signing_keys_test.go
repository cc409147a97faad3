package config

import (
	"reflect"
	"testing"
)

func TestCompromisedKeysAreWarnedOfWithWhatTheyCost(t *testing.T) {
	for name, test := range map[string]struct {
		keys string
		want []string
	}{
		"still trusted": {`{"keys": {"1": {}, "2": {}}, "current": 2, "compromised": [1]}`, []string{
			"environments.dev.signingKeys.compromised[0]: key 1, which CloudFront still trusts; remove it from keys in the next deployment: CloudFront then refuses every URL that it signed"}},
		"removed": {`{"keys": {"2": {}}, "compromised": [1]}`, []string{
			"environments.dev.signingKeys.compromised[0]: key 1, which this deployment may remove without waiting: CloudFront then refuses every URL that it signed; remove the number after this deployment"}},
		"none": {`{"keys": {"1": {}, "2": {}}, "current": 2}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := Read(context(t, `{"project": "p", "environments": {"dev": {"signingKeys": `+test.keys+`}}}`), nil)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, warning := range c.Warnings() {
				got = append(got, warning.String())
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}
