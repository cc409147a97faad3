// Package rotation says when a step of a key rotation is safe: when no viewer is
// refused a URL that was good.
//
// Assess returns what each key is, which steps are safe now and when the next one
// will be. Judge says whether one change is safe, all that is wrong with it, and
// from when on it is safe. Both are pure functions of what can be observed:
//
//	v := rotation.Judge(observation, rotation.Change{Keys: []string{"K2JCJMDEHXQW5F", "K3D5EWEUDCCXON"}, Current: "K3D5EWEUDCCXON"})
//	if err := v.Err(); err != nil {
//		return err // with the time from which the change is safe
//	}
//
// A rotation takes three deployments. The first adds a key to the key group: it
// is New, and Ready once every edge knows it. The second makes it Current: the
// deployment document names it, and signers follow. The key before it is
// Draining, and Retired once the last URL that it signed has expired. The third
// removes that one.
//
// What an observation does not tell counts against a step. Where waiting cannot
// help, Verdict.From is zero.
//
// # What is taken for granted
//
// The proof below stands on the following, and on nothing else.
//
//   - Propagation (P): an edge goes by a state of the key group, and Parameter
//     Store answers with a version of the document, that was true at most P ago.
//     Nothing is said of the order: an edge may go by a state, then by an older
//     one.
//   - Clocks (C): no clock is further than C from the true time. AWS tells times
//     cut to whole seconds.
//   - Signers come from signer.Open. They sign with a key for at most the maxKeyAge
//     of the document that names it, counted from before that was read, and no
//     expiry lies further ahead than its maxUrlLifetime, rounded up to a second.
//     Passes and cookies have the same bounds. How often a signer reads the
//     document does not matter: one that was frozen for a day, or cannot reach
//     AWS, does not sign. A borrower's signer keeps the lower limits of two
//     documents. A program that gets the document by signer.EnvSource, or a key by
//     signer.New, is no such signer.
//   - One deployment of a stack at a time, and nobody else, changes the key group
//     and the document. It is judged before the first of its calls. Then it may
//     wait, fail and stop anywhere, and go back to what was before, in any order
//     and at any time. A stack that is on its way back is not judged.
//   - The distribution has trusted the key group for as long as it has its members
//     of now.
//   - The parameter was never deleted and made again, which starts its versions
//     anew.
//
// # Proof
//
// A URL is good at a time if its expiry has not come by an edge's clock. Claim:
// its key is then a member in each state of the group that an edge may go by.
//
// A change keeps, in both states of the group, before and after it, both current
// keys. The new current key must be a member before the change, and one of the
// keys after it. The old one is a member before, and after it too, since a current
// key is not removed. So it does not matter which of the group and the document is
// written first, how long after, whether both are, or whether they are written
// back: a key that the document names is a member before and after.
//
// The first signature. Let the group's LastModifiedTime be m. It was told by a
// clock at most C behind, and cut: the change was made before m + C + 1s. A step
// judged at a time n, by a clock at most C ahead, is made after n - C. With
//
//	n >= m + P + 2C + 1s
//
// it is made after the change plus P: each edge goes by the group as it is, with
// the key. A key was created before it could become a member; if its CreatedTime
// says otherwise the later of the two counts.
//
// The last URL. Let the version after one that named the key be told at e, and let
// the earlier one have maxKeyAge A and maxUrlLifetime L. It ended before
// e + C + 1s. The last signer to read it did so before e + C + 1s + P, and its
// clock, at most C ahead, then showed less than e + 2C + 1s + P. It signs while
// that clock shows at most A more, with an expiry at most L and a second after
// that: before e + 2C + 2s + P + A + L. A removal judged at n is made after
// n - C, when an edge's clock shows more than n - 2C. With
//
//	n >= e + A + L + P + 4C + 2s
//
// all that was signed has expired by each edge's clock. This is asked of each
// version that named the key, those that were rolled back included, with the
// limits that it had: a lower limit shortens no wait that has begun, and a higher
// one breaks none, so limits may change at any time. A version that the history
// does not have, or that cannot be read, may have named each key that there was,
// with the limits Observation.Unread. AWS keeps 100 versions.
//
// A key that has left the group is Retired when no edge can go by the group as it
// was before: at m + P + 2C + 1s, as above.
//
// No part of this is spare. The simulation in the tests of this package takes out
// each part of the two waits, each rule and each kind of version, one at a time,
// and sees a request refused that should pass. So it does where edges are later,
// or clocks further off, than Bounds say.
//
// # A compromised key
//
// Whoever else has a key can sign anything, so its URLs are to be refused, and its
// removal does not wait for the last of them. The order stays, or signers would go
// on with a key that no edge takes: make another key current, once it is ready,
// and remove this one in the next deployment. Verdict.Lifted says what that costs.
// Signers may go on with the key for its maxKeyAge, and these URLs are refused too.
package rotation
