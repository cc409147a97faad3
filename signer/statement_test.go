package signer

import (
	"net/netip"
	"testing"
	"time"
)

func TestAPolicyThatIsRefusedIsRefusedForItsFirstFault(t *testing.T) {
	const (
		resource  = `"Resource":"a"`
		end       = `"DateLessThan":{"AWS:EpochTime":1900000000}`
		condition = `"Condition":{` + end + `}`
	)
	policy := func(statements string) string { return `{"Statement":[` + statements + `]}` }
	statement := func(members string) string { return policy(`{` + members + `}`) }
	conditions := func(members string) string { return statement(resource + `,"Condition":{` + members + `}`) }
	good := `{` + resource + `,` + condition + `}`

	for name, test := range map[string]struct {
		policy  string
		certain bool
		want    string
	}{
		"text that is not UTF-8":        {policy(good) + "\xff", false, "it is not UTF-8"},
		"text that is not JSON":         {"Statement", true, "it is not JSON"},
		"text after the JSON":           {policy(good) + "]", false, "it is not JSON"},
		"an array":                      {`[` + good + `]`, true, "the policy is not an object"},
		"an object for the statements":  {`{"Statement":` + good + `}`, true, "Statement is not an array"},
		"a number for a statement":      {policy(`1`), true, "the statement is not an object"},
		"no statements":                 {policy(``), true, "Statement is empty"},
		"no Statement":                  {`{"tid":1}`, true, "it has no Statement"},
		"two statements":                {policy(good + `,` + good), true, "it has more than one statement, but CloudFront accepts one"},
		"two statements, the second 1":  {policy(good + `,1`), true, "it has more than one statement, but CloudFront accepts one"},
		"another case after Statement":  {`{"Statement":[` + good + `],"statement":[]}`, false, `the policy has a member "statement", which CloudFront does not name`},
		"another case before Statement": {`{"STATEMENT":[],"Statement":[` + good + `]}`, false, `the policy has a member "STATEMENT", which CloudFront does not name`},
		"another case and no statement": {`{"statement":[` + good + `]}`, false, `the policy has a member "statement", which CloudFront does not name`},
		"Statement twice":               {`{"Statement":[` + good + `],"Statement":[` + good + `]}`, false, "it has two members Statement"},

		"an unknown member":     {statement(`"Sid":"x",` + resource + `,` + condition), false, `the statement has a member "Sid", which CloudFront does not name`},
		"two resources":         {statement(resource + `,` + resource + `,` + condition), false, "it has two members Resource"},
		"two conditions":        {statement(resource + `,` + condition + `,` + condition), false, "it has two members Condition"},
		"two empty conditions":  {statement(`"Condition":{},` + resource + `,` + condition), false, "it has two members Condition"},
		"a number for a name":   {statement(`"Resource":1,` + condition), true, "Resource is not a string"},
		"a list of resources":   {statement(`"Resource":["a"],` + condition), true, "Resource is not a string"},
		"half a pair":           {statement(`"Resource":"\ud800",` + condition), false, "Resource has an escape that is no character"},
		"a text for conditions": {statement(resource + `,"Condition":"x"`), true, "Condition is not an object"},
		"no end":                {statement(resource), true, "it has no DateLessThan, which CloudFront requires in every policy"},
		"no end, but a start":   {conditions(`"DateGreaterThan":{"AWS:EpochTime":1}`), true, "it has no DateLessThan, which CloudFront requires in every policy"},

		"an unknown condition":    {conditions(`"Bool":{"AWS:SecureTransport":"true"},` + end), false, `Condition has a member "Bool", which CloudFront does not name`},
		"an empty one":            {conditions(`"Bool":{},` + end), false, `Condition has a member "Bool", which CloudFront does not name`},
		"two ends":                {conditions(end + `,` + end), false, "it has two members DateLessThan"},
		"two starts":              {conditions(`"DateGreaterThan":{"AWS:EpochTime":1},"DateGreaterThan":{"AWS:EpochTime":2},` + end), false, "it has two members DateGreaterThan"},
		"two addresses":           {conditions(`"IpAddress":{"AWS:SourceIp":"192.0.2.1"},"IpAddress":{"AWS:SourceIp":"192.0.2.2"},` + end), false, "it has two members IpAddress"},
		"an end that is a number": {conditions(`"DateLessThan":1900000000`), true, "DateLessThan is not an object"},
		"an end of another name":  {conditions(`"DateLessThan":{"aws:EpochTime":1900000000}`), false, `DateLessThan has a member "aws:EpochTime", which CloudFront does not name`},
		"an end of two names":     {conditions(`"DateLessThan":{"AWS:EpochTime":1900000000,"AWS:CurrentTime":1}`), false, `DateLessThan has a member "AWS:CurrentTime", which CloudFront does not name`},
		"one end twice":           {conditions(`"DateLessThan":{"AWS:EpochTime":1900000000,"AWS:EpochTime":1}`), false, "it has two members AWS:EpochTime"},
		"an end without a time":   {conditions(`"DateLessThan":{}`), true, "DateLessThan has no AWS:EpochTime"},
		"a start without a time":  {conditions(end + `,"DateGreaterThan":{}`), true, "DateGreaterThan has no AWS:EpochTime"},
		"an end as a text":        {conditions(`"DateLessThan":{"AWS:EpochTime":"1900000000"}`), true, "AWS:EpochTime of DateLessThan is not whole seconds"},
		"an end with a fraction":  {conditions(`"DateLessThan":{"AWS:EpochTime":1900000000.0}`), true, "AWS:EpochTime of DateLessThan is not whole seconds"},
		"an end with an exponent": {conditions(`"DateLessThan":{"AWS:EpochTime":19e8}`), true, "AWS:EpochTime of DateLessThan is not whole seconds"},
		"an end with a capital":   {conditions(`"DateLessThan":{"AWS:EpochTime":19E8}`), true, "AWS:EpochTime of DateLessThan is not whole seconds"},
		"an end before 1970":      {conditions(`"DateLessThan":{"AWS:EpochTime":-1}`), true, "AWS:EpochTime of DateLessThan is not whole seconds"},
		"milliseconds":            {conditions(`"DateLessThan":{"AWS:EpochTime":1900000000000}`), false, "AWS:EpochTime of DateLessThan is after the year 9999: milliseconds were taken for seconds"},
		"over 64 bits":            {conditions(`"DateLessThan":{"AWS:EpochTime":99999999999999999999}`), false, "AWS:EpochTime of DateLessThan is after the year 9999: milliseconds were taken for seconds"},

		"an address of another name": {conditions(end + `,"IpAddress":{"aws:SourceIp":"192.0.2.1"}`), false, `IpAddress has a member "aws:SourceIp", which CloudFront does not name`},
		"one address twice":          {conditions(end + `,"IpAddress":{"AWS:SourceIp":"192.0.2.1","AWS:SourceIp":"192.0.2.1"}`), false, "it has two members AWS:SourceIp"},
		"no address":                 {conditions(end + `,"IpAddress":{}`), true, "IpAddress has no AWS:SourceIp"},
		"a list of addresses":        {conditions(end + `,"IpAddress":{"AWS:SourceIp":["192.0.2.1"]}`), true, "AWS:SourceIp is not a string"},
		"an address of IPv6":         {conditions(end + `,"IpAddress":{"AWS:SourceIp":"2001:db8::1"}`), false, `AWS:SourceIp is "2001:db8::1": CloudFront's policies support only IPv4: turn IPv6 off in the distribution and give an IPv4 address`},
	} {
		_, certain, err := parsePolicy([]byte(test.policy))
		if err == nil || err.Error() != test.want || certain != test.certain {
			t.Errorf("%s:\ngot  %v (certain %v)\nwant %s (certain %v)", name, err, certain, test.want, test.certain)
		}
	}
}

func TestAPolicyIsReadAsItsTextSays(t *testing.T) {
	end := time.Unix(1900000000, 0)
	for name, test := range map[string]struct {
		policy string
		want   Statement
	}{
		"with white space everywhere": {
			"\t{ \"Statement\" : [ { \"Resource\"\n:\r\n\"a\" ,\"Condition\" : { \"DateLessThan\" : { \"AWS:EpochTime\" : \n\t1900000000 } , \"DateGreaterThan\" :\n{\"AWS:EpochTime\":\t7\t}\n, \"IpAddress\" : { \"AWS:SourceIp\" : \"192.0.2.0/24\" } } } ] }\n",
			Statement{"a", end, time.Unix(7, 0), netip.MustParsePrefix("192.0.2.0/24")}},
		"with quotes and backslashes in texts": {
			`{"\"]":"\\\"}","Statement":[{"Resource":"a\"b\\","Condition":{"DateLessThan":{"AWS:EpochTime":1900000000}}}],"x":{"\\":["\"{"]}}`,
			Statement{Resource: `a"b\`, Expires: end}},
		"with the sign for an unreadable character as itself": {
			`{"Statement":[{"Resource":"a` + "\uFFFD" + `","Condition":{"DateLessThan":{"AWS:EpochTime":1900000000}}}]}`,
			Statement{Resource: "a\uFFFD", Expires: end}},
		"without a resource": {
			`{"Statement":[{"Condition":{"DateLessThan":{"AWS:EpochTime":1900000000}}}]}`,
			Statement{Resource: "*", Expires: end}},
		"with the last time there is": {
			`{"Statement":[{"Resource":"a","Condition":{"DateLessThan":{"AWS:EpochTime":253402300799}}}]}`,
			Statement{Resource: "a", Expires: time.Unix(lastExpiry, 0)}},
	} {
		st, certain, err := parsePolicy([]byte(test.policy))
		if err != nil || !certain || !st.Expires.Equal(test.want.Expires) || !st.NotBefore.Equal(test.want.NotBefore) ||
			st.Resource != test.want.Resource || st.IPAddress != test.want.IPAddress {
			t.Errorf("%s: got %+v (certain %v), %v\nwant %+v", name, st, certain, err, test.want)
		}
	}
}
