package constructs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// knownFailure is a way in which deployments like ours have failed elsewhere:
// it has tests, each as "folder Test" or "folder Test/subtest", or the reason
// why it cannot happen here.
type knownFailure struct {
	what   string
	tests  []string
	reason string
}

// How key pairs fail that a custom resource makes, by their numbers.
var failuresOfKeyPairs = []knownFailure{
	1:  {what: "a retry makes a second key", tests: []string{"keypair TestFailure01_ARetryMakesNoSecondKeyWhen"}},
	2:  {what: "the halves of a pair do not fit", tests: []string{"keypair TestFailure02_APairWhoseHalvesDoNotFitIsNotPublished", "keypair TestFailure02_ThePublicKeyIsThatOfTheStoredKeyWhen"}},
	3:  {what: "a Delete with an id that was never returned", tests: []string{"keypair TestFailure03_ADeleteSucceedsAndTouchesNothingOf"}},
	4:  {what: "an Update that makes a key anew, or never answers", tests: []string{"keypair TestFailure04_AnUpdateReadsAndNeverMakes"}},
	5:  {what: "a rollback runs backwards", tests: []string{"keypair TestFailure04_AnUpdateReadsAndNeverMakes", ". TestFailuresThatTheShapeOfTheStackRulesOut/05 a rollback finds the old generation untouched"}},
	6:  {what: "a public key cannot change", tests: []string{"keypair TestFailure06_ThePublicKeyEndsWithOneLineFeed", ". TestFailuresThatTheShapeOfTheStackRulesOut/06 a new key is a new resource, for a public key cannot change", ". TestImportedKeyIsTheSameHoweverItIsWritten"}},
	7:  {what: "a key goes that a group still holds", tests: []string{". TestFailuresThatTheShapeOfTheStackRulesOut/07 a key leaves the group in the template that drops it"}},
	8:  {what: "a caller reference is used twice", tests: []string{"keypair TestFailure08_NoTwoKeyPairsShareANameAcross", ". TestFailuresThatTheShapeOfTheStackRulesOut/08 no two generations or stacks share a caller reference"}},
	9:  {what: "names collide in an account", tests: []string{". TestAllNamesInCloudFrontHoldTheSaltOfTheStack", ". TestFailuresThatTheShapeOfTheStackRulesOut/09 no secret has a name that a deleted one may still hold"}},
	10: {what: "an answer is longer than 4096 bytes", tests: []string{"customresource TestFailure10_AnAnswerStaysBelow4096BytesWith"}},
	11: {what: "key material in events, logs, reasons and outputs", tests: []string{"customresource TestFailure11_AProviderNeverSeesTheCredentialOfTheResponseURL", "customresource TestFailure11_TheLogHoldsTheRequestsNamesAndNothingElseOfIt", "keypair TestFailure11_AnErrorOfSecretsManagerDoesNotQuoteTheKeyWhen", ". TestNoTemplateHoldsKeyMaterial"}},
	12: {what: "a runtime is withdrawn", tests: []string{". TestFailuresThatTheShapeOfTheStackRulesOut/12 no function runs on a runtime that will be withdrawn by its language"}},
	13: {what: "a function that ran out of time never answers", tests: []string{"customresource TestFailure13_AnAnswerComesInTimeFromAProviderThat", ". TestKeyPairIsMadeOfSecretGenerationAndAlgorithm"}},
	14: {what: "a panic hides its cause, or tells it", tests: []string{"customresource TestFailure14_APanicIsAnsweredAndItsValueIsNotTold"}},
	15: {what: "rights come late or go early", tests: []string{"customresource TestFailure15_ACallThatIsDeniedAtFirstIsTriedAgain", "keypair TestFailure15_ARoleThatIsNotReadyYetDelaysAndDoesNotFail", "bucketemptier TestFailure15_ACallThatIsDeniedAtFirstDelaysAndDoesNotFail", ". TestCustomResourcesWaitForRightsAndGetASecondChance"}},
	16: {what: "errors are swallowed, and nothing signs", tests: []string{"keypair TestFailure16_ACreateFailsWithWhatToDoWhen"}},
	17: {what: "two owners of a key group", tests: []string{". TestFailuresThatTheShapeOfTheStackRulesOut/17 and 18 the template alone owns keys and group"}},
	18: {what: "keys are left over when the stack goes", tests: []string{". TestFailuresThatTheShapeOfTheStackRulesOut/17 and 18 the template alone owns keys and group"}},
	19: {what: "CloudFormation makes the secret's value anew", tests: []string{". TestFailuresThatTheShapeOfTheStackRulesOut/19 CloudFormation never makes a value of the secret"}},
	20: {what: "a Delete with the properties of years ago", tests: []string{"customresource TestFailure20_PropertiesOfAnyShapeAreRead", "keypair TestFailure20_ADeleteSucceedsWithPropertiesOfAnotherVersion", "bucketemptier TestFailure20_ADeleteGoesByItsIDWhateverTheProperties"}},
	21: {what: "a key signs before every edge knows it", tests: []string{". TestFailuresThatTheShapeOfTheStackRulesOut/21 a key may be trusted before it signs"}},
	22: {what: "a signer goes on with a retired key", tests: []string{". TestFailuresThatTheShapeOfTheStackRulesOut/22 the document says for how long a signer may keep a key", "../signer TestTheKeyInUseLastsThroughAnOutageButNotBeyondItsAge", "../signer TestAProcessThatWasFrozenNeverSignsWithAKeyPastItsAge"}},
	23: {what: "the secret is lost, and a key made anew fits no public key", tests: []string{"keypair TestFailure04_AnUpdateReadsAndNeverMakes"}},
}

// What else was measured or read about stacks like ours.
var failuresOfStacks = []knownFailure{
	{what: "a promoted key is denied to the app of another stack", tests: []string{". TestAppOfAnotherStackSignsThroughARotationWithoutADeployment"}},
	{what: "a moved construct asks for another caller reference", tests: []string{". TestLogicalIdsAndNamesAreFrozen", ". TestAllNamesInCloudFrontHoldTheSaltOfTheStack"}},
	{what: "what a failed first deployment made is retained", tests: []string{". TestLastingEnvironmentKeepsItsContent", ". TestKeyStaysWhileObjectsMayNeedIt"}},
	{what: "secrets go without a recovery window, and look like backups", tests: []string{". TestSecretsAreMadeEmptyAndGoWithTheStack"}},
	{what: "an empty secret answers as a missing one", tests: []string{"keypair TestFailure16_ACreateFailsWithWhatToDoWhen", "keypair TestACreateFillsASecretWhoseValueIsEmpty"}},
	{what: "a secret's default key serves no other account", tests: []string{". TestRolesOfOtherAccountsAssumeTheSignerRole"}},
	{what: "a function does not build in an importer's module", tests: []string{"functions TestSourceIsFoundFromAnotherModule", ". TestFunctionsAreTakenFromArchivesThatWereBuiltElsewhere"}},
	{what: "the same source makes other executables elsewhere", tests: []string{"functions TestTheFingerprintTellsWhatMakesAnotherArchiveAndNothingElse", "functions TestTheSameSourcesMakeTheSameArchive", "functions TestTheBytesOfAnArchiveAreTheSameWhoeverBuildsIt", "functions TestEnvironmentWrittenWithGoEnvDoesNotReachABuild"}},
	{what: "alarms on CloudFront's metrics that never fire", reason: "the stack has no alarms, which CloudFront's metrics allow in us-east-1 alone"},
	{what: "a bucket fills again after it was emptied", tests: []string{"bucketemptier TestAWriterThatNeverStopsFindsTheBucketClosed", ". TestEphemeralEnvironmentGoesWithItsObjects"}},
	{what: "a stack whose rollback failed takes no update", tests: []string{"customresource TestFailure05_AnUpdateOfARollbackDoesNotFail"}},
	{what: "a new attribute of a custom resource that is deployed", tests: []string{". TestANewAttributeOfACustomResourceComesWithANewPropertyValue"}},
	{what: "access logs hold credentials, or are refused outside us-east-1", tests: []string{". TestAccessLogsHoldNoCredentials", ". TestAccessLogsGoFromTheDistributionToALogGroup"}},
	{what: "log groups come back by late writes", tests: []string{". TestFunctionsRunOnARMWithTheirOwnBoundedLogs", ". TestFunctionsMayMakeEveryCallThatTheyMakeAndNoOther"}},
	{what: "a deployment copies or prunes content", tests: []string{". TestStackHoldsNoFunctionButOurs"}},
	{what: "objects are lost with the KMS key that leaves the bucket", tests: []string{". TestKeyStaysWhileObjectsMayNeedIt", ". TestContentIsEncryptedWithAKeyThatCloudFrontMayUse"}},
	{what: "the origin changes before the policy that lets it read", tests: []string{". TestEachWordOfOriginAccessChangesOneThing"}},
	{what: "an escape in its path makes a signed object public", tests: []string{". TestPublicBehaviorsAmongSignedPathsRefuseEscapes", ". TestFunctionDecidesAsTheLocalEdgeDoes", "../signer/edge TestNoEscapesHideAKeyFromASignedPattern"}},
	{what: "the template depends on who runs the app", tests: []string{". TestTemplateDependsOnNoCredentials", ". TestRecommendedFeatureFlagsAreSet"}},
}

func TestEveryKnownFailureHasATestOrAReason(t *testing.T) {
	const numbers = 23
	if len(failuresOfKeyPairs) != numbers+1 {
		t.Errorf("the table ends with %d, want %d", len(failuresOfKeyPairs)-1, numbers)
	}
	known := testsByFolder{}
	check := func(name string, f knownFailure) {
		t.Helper()
		if f.what == "" || (len(f.tests) == 0) == (f.reason == "") {
			t.Errorf("%s: want what it is, and either tests or a reason: %+v", name, f)
		}
		for _, test := range f.tests {
			if !known.has(t, test) {
				t.Errorf("%s, %s: there is no test %s", name, f.what, test)
			}
		}
	}
	for number, f := range failuresOfKeyPairs[1:] {
		check("failure "+strconv.Itoa(number+1), f)
	}
	for _, f := range failuresOfStacks {
		check("a failure of stacks", f)
	}
}

// testsByFolder are the tests of folders, with what texts they hold: the names
// of their subtests are among them.
type testsByFolder map[string]map[string][]string

func (known testsByFolder) has(t *testing.T, name string) bool {
	t.Helper()
	folder, name, _ := strings.Cut(name, " ")
	if known[folder] == nil {
		known[folder] = testsOf(t, folder)
	}
	name, subtest, wantsSubtest := strings.Cut(name, "/")
	texts, is := known[folder][name]
	if !is || !wantsSubtest {
		return is
	}
	return slices.Contains(texts, subtest)
}

func testsOf(t *testing.T, folder string) map[string][]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string][]string{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, declaration := range file.Decls {
			function, is := declaration.(*ast.FuncDecl)
			if !is || function.Recv != nil || !strings.HasPrefix(function.Name.Name, "Test") {
				continue
			}
			texts := []string{}
			ast.Inspect(function, func(node ast.Node) bool {
				if literal, is := node.(*ast.BasicLit); is && literal.Kind == token.STRING {
					text, _ := strconv.Unquote(literal.Value)
					texts = append(texts, text)
				}
				return true
			})
			tests[function.Name.Name] = texts
		}
	}
	return tests
}
