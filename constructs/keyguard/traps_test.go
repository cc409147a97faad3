package keyguard_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/signedfront/signedfront/constructs/contract"
	"github.com/signedfront/signedfront/constructs/customresource"
	"github.com/signedfront/signedfront/signer"
	"github.com/signedfront/signedfront/signer/awsrotation"
	"github.com/signedfront/signedfront/signer/rotation"
)

type keyVersion = rotation.Version

// wrong is a step that is never safe.
var wrong = properties("3", "3c")

// A rollback that fails leaves a stack that takes no update until somebody skips
// the resource by hand. CloudFormation sends the guard its old properties.
func TestARollbackAndAFirstCreationAreNotJudged(t *testing.T) {
	for _, status := range types.StackStatus("").Values() {
		inBubble(t, string(status), func(t *testing.T) {
			a := inUse()
			a.status = string(status)
			if strings.Contains(a.status, "ROLLBACK_") || status == types.StackStatusCreateInProgress {
				a.wantAllowed(t, wrong)
				a.wantAllowed(t, map[string]any{}) // of whatever version of this program
				if said := a.log.String(); !strings.Contains(said, a.status) || len(a.calls) != 4 {
					t.Errorf("the log says %s, and it called %q", said, a.calls)
				}
				return
			}
			a.wantRefused(t, wrong)
		})
	}
}

func TestAStatusThatCannotBeReadAllowsAndIsLogged(t *testing.T) {
	for name, err := range map[string]error{
		"the function has no rights": customresource.ErrDenied,
		"CloudFormation is down":     errors.New("no answer"),
		"there is no such stack":     customresource.ErrNoStack,
	} {
		inBubble(t, name, func(t *testing.T) {
			a := inUse()
			a.fail["Stack"] = err
			a.wantAllowed(t, wrong)
			if said := a.log.String(); !strings.Contains(said, `"level":"WARN"`) || !strings.Contains(said, err.Error()) {
				t.Errorf("the log says %s", said)
			}
		})
	}
}

func TestWhatElseCannotBeReadFailsTheDeployment(t *testing.T) {
	for _, method := range []string{"Resource Document2B", "Resource Group1A", "Resource Distribution3C", "KeyGroup", "PublicKey", "History", "Trusting"} {
		inBubble(t, method, func(t *testing.T) {
			a := inUse()
			a.exports[contract.KeyGroupExport(parameter)] = groupID // so that each is called
			a.fail[method] = fmt.Errorf("%w: may not use it", customresource.ErrDenied)
			a.trusting = nil
			a.wantRefused(t, properties("1", "1a", "2b"), "the guard cannot find out whether CloudFront would refuse viewers after this deployment: access denied: may not use it: give the function this permission, or deploy without the guard, with \"guard\": false")
		})
	}
}

func TestAnOutageIsNoLackOfRights(t *testing.T) {
	inBubble(t, "CloudFront is down", func(t *testing.T) {
		a := inUse()
		a.fail["KeyGroup"] = errors.New("no answer")
		a.wantRefused(t, properties("1", "1a", "2b"), "the guard cannot find out whether CloudFront would refuse viewers after this deployment: no answer: deploy again, or deploy without the guard, with \"guard\": false")
	})
}

// New permissions of a role become valid some seconds after CloudFormation changed them.
func TestARoleThatMayReadAMomentLaterIsWaitedFor(t *testing.T) {
	inBubble(t, "three seconds later", func(t *testing.T) {
		a := inUse()
		a.fail["History"] = customresource.ErrDenied
		a.heals = time.Now().Add(3 * time.Second)
		a.wantAllowed(t, properties("1", "1a", "2b"))
	})
}

// It is the account that says what is new. A stack that is upgraded to one with a
// guard sends it a Create too: wantRefused and wantAllowed send both requests.
func TestAContentThatIsAddedToAStackIsAFirstCreation(t *testing.T) {
	inBubble(t, "no document", func(t *testing.T) {
		a := &account{status: "UPDATE_IN_PROGRESS", fail: map[string]error{}}
		a.wantAllowed(t, properties("1", "1a"))
	})
	inBubble(t, "no document yet, after an attempt that left a key group", func(t *testing.T) {
		a := inUse()
		a.history = nil
		delete(a.resources, "Document2B")
		a.wantAllowed(t, wrong)
	})
}

func TestADeleteDoesNothing(t *testing.T) {
	inBubble(t, "of a stack in use", func(t *testing.T) {
		a := inUse()
		for _, p := range []map[string]any{wrong, nil} {
			if answer := a.deliver(t, a, cfn.RequestDelete, p); answer.Status != cfn.StatusSuccess || len(a.calls) != 0 {
				t.Errorf("got %s, and it called %q", answer.Body, a.calls)
			}
		}
	})
}

// The duration of the reads does not count as waiting: their results were true before.
func TestTheClockIsReadBeforeTheAccount(t *testing.T) {
	inBubble(t, "calls of a second", func(t *testing.T) {
		a := added(readyAfter - time.Second)
		a.takes = time.Second
		if answer := a.deliver(t, a, cfn.RequestUpdate, properties("3", "1a", "2b", "3c")); answer.Status != cfn.StatusFailed {
			t.Error("the time that the reads took was counted as waited")
		}
	})
}

// When a construct moves, the logical ids of its resources change, and
// CloudFormation makes another key group.
func TestAnotherKeyGroupIsRefused(t *testing.T) {
	const says = "the distribution would trust another key group"
	lent := document("")
	lent.KeyPairID, lent.Algorithm, lent.Hash, lent.PublicKeySHA256 = "", "", "", ""
	lent.Key = signer.KeyLocation{Parameter: "/signedfront/signedfront/prod"}
	borrows := func() *account { a := inUse(); a.documents(day, lent); return a }
	own := properties("1", "1a")
	borrow := but(own, contract.KeyMode, contract.BorrowedKeys, contract.LenderName, "/signedfront/signedfront/prod")
	for _, name := range []string{contract.KeyGroupLogicalID, contract.CallerReferences, contract.CurrentKey} {
		delete(borrow, name)
	}

	inBubble(t, "the construct moves to another id", func(t *testing.T) {
		a := inUse()
		a.resources = map[string]string{}
		a.wantRefused(t, properties("1", "1a", "2b"), says)
	})
	inBubble(t, "a stack with keys of its own borrows", func(t *testing.T) { inUse().wantRefused(t, borrow, says) })
	inBubble(t, "a stack with keys of its own borrows, and names its key group", func(t *testing.T) {
		inUse().wantRefused(t, but(borrow, contract.KeyGroupLogicalID, "Group1A"), says)
	})
	inBubble(t, "a stack with keys of its own and a document that cannot be read borrows", func(t *testing.T) {
		a := inUse()
		a.history[0].Document = nil
		a.wantRefused(t, borrow, "is not known")
	})
	inBubble(t, "a borrower makes keys of its own", func(t *testing.T) { borrows().wantRefused(t, own, says) })
	inBubble(t, "a borrower makes keys of its own and goes on to name the lender", func(t *testing.T) {
		borrows().wantRefused(t, but(own, contract.LenderName, "/signedfront/signedfront/prod"), says)
	})
	inBubble(t, "a borrower borrows from another one", func(t *testing.T) {
		borrows().wantRefused(t, but(borrow, contract.LenderName, "/signedfront/signedfront/dev2"), says)
	})
	const unknown = `the guard cannot find out whether CloudFront would refuse viewers after this deployment: the deployment document "` + parameter + `" cannot be read`
	inBubble(t, "a borrower's document cannot be read", func(t *testing.T) {
		a := borrows()
		a.documents(0, nil)
		a.wantRefused(t, borrow, unknown)
	})
	inBubble(t, "a borrower's document was deleted by hand", func(t *testing.T) {
		a := inUse()
		a.history = nil
		a.wantRefused(t, borrow, unknown)
	})
	inBubble(t, "a borrower goes on", func(t *testing.T) { borrows().wantAllowed(t, borrow) })
	inBubble(t, "the borrower's document stands before others in the history", func(t *testing.T) {
		a := borrows()
		a.history[0], a.history[1] = a.history[1], a.history[0]
		a.wantAllowed(t, borrow)
	})
}

// A parameter of another name starts its versions anew, and the function may not
// read the one of before any more.
func TestAnotherNameOfTheDocumentIsRefused(t *testing.T) {
	inBubble(t, "renamed", func(t *testing.T) {
		a := inUse()
		a.wantRefused(t, but(properties("1", "1a", "2b"), contract.DocumentName, "/media/dev"), `the deployment document "/signedfront/signedfront/dev" would become "/media/dev"`)
		for _, call := range a.calls {
			if strings.HasPrefix(call, "History") {
				t.Errorf("it asked for %s", call)
			}
		}
	})
}

func TestALenderWhoseGroupOthersTrustGoesOnLendingIt(t *testing.T) {
	lends := func(trusting ...string) *account {
		a := inUse()
		a.exports[contract.KeyGroupExport(parameter)] = groupID
		a.trusting = append([]string{"E1"}, trusting...)
		return a
	}
	own := properties("1", "1a", "2b")
	lent := but(own, contract.KeyMode, contract.LentKeys)
	inBubble(t, "it lends, and a step of its rotation is right", func(t *testing.T) {
		a := lends("E2")
		a.wantAllowed(t, but(lent, contract.CurrentKey, "2"))
		for _, call := range a.calls {
			if strings.HasPrefix(call, "Trusting") {
				t.Error("it asked who borrows")
			}
		}
	})
	inBubble(t, "it lends, and a step of its rotation is wrong", func(t *testing.T) {
		lends("E2").wantRefused(t, but(wrong, contract.KeyMode, contract.LentKeys), "signing key 1 (K1) is current")
	})
	inBubble(t, "it stops while others borrow", func(t *testing.T) {
		lends("E3", "E2").wantRefused(t, own, `the key group "`+groupID+`" is lent to the distributions "E2", "E3", and this deployment would stop lending it`)
	})
	inBubble(t, "it stops while many borrow", func(t *testing.T) {
		lends("E6", "E5", "E4", "E3", "E2").wantRefused(t, own, `"E2", "E3", "E4" and 2 more`)
	})
	inBubble(t, "it stops while three borrow", func(t *testing.T) {
		lends("E4", "E3", "E2").wantRefused(t, own, `"E2", "E3", "E4", and this deployment`)
	})
	inBubble(t, "it stops when nobody borrows", func(t *testing.T) { lends().wantAllowed(t, own) })
	inBubble(t, "a stack that never lent shares its group by hand", func(t *testing.T) {
		a := inUse()
		a.trusting = []string{"E1", "E2"}
		a.wantAllowed(t, own)
	})
	inBubble(t, "its group would be replaced", func(t *testing.T) {
		a := lends("E2")
		delete(a.resources, "Group1A")
		a.wantRefused(t, lent, `and this deployment would replace it`)
	})
	inBubble(t, "its group would be replaced, and nobody borrows", func(t *testing.T) {
		a := lends()
		delete(a.resources, "Group1A")
		a.wantRefused(t, lent, "the distribution would trust another key group")
	})
}

// The waiting time of one fault does not make another fault safe.
func TestATimeIsToldOnlyIfTheWholeDeploymentIsSafeThen(t *testing.T) {
	inBubble(t, "an early key, and another one edited in place", func(t *testing.T) {
		a := added(0)
		a.wantRefused(t, properties("3", "1f", "2b", "3c"), "refuse viewers: ")
	})
}

// CloudFormation shows 500 bytes of a reason. The log has all of it.
func TestTheLogHasEveryFault(t *testing.T) {
	inBubble(t, "four of them", func(t *testing.T) {
		a := inUse()
		answer := a.deliver(t, a, cfn.RequestUpdate, properties("5", "1f", "2f", "5e"))
		if len(answer.Body) >= 4096 {
			t.Errorf("an answer of %d bytes", len(answer.Body))
		}
		for _, want := range []string{"signing key 1 is in CloudFront", "signing key 2 is in CloudFront", "signing key 5", "signing key 1 (K1) is current"} {
			if !strings.Contains(a.log.String(), want) {
				t.Errorf("the log does not have %s: %s", want, a.log.String())
			}
		}
	})
}

func TestOnlyTheKeysInUseAreRead(t *testing.T) {
	inBubble(t, "members and the current one", func(t *testing.T) {
		a := inUse()
		a.keys["K8"] = awsrotation.PublicKey{CallerReference: reference(8, "9")}
		a.deliver(t, a, cfn.RequestUpdate, properties("1", "1a", "2b"))
		if got, want := strings.Join(a.calls, "; "), "Stack "+stackID+"; Resource Document2B; History "+parameter+"; Resource Group1A; KeyGroup "+groupID+"; PublicKey K1; PublicKey K2"; got != want {
			t.Errorf("it called\n%s\nwant\n%s", got, want)
		}
	})
}
