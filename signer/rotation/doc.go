// Package rotation decides when a step of a key rotation is safe. A step is safe if
// no viewer's valid URL is refused because of it.
//
// Assess returns the state of each key, the steps that are safe now, and when the
// next one will be. Judge returns whether one change is safe, everything that is
// wrong with it, and when it will be safe. Both depend only on their arguments,
// which AWS's APIs provide:
//
//	v := rotation.Judge(observation, rotation.Change{Keys: []string{"K2JCJMDEHXQW5F", "K3D5EWEUDCCXON"}, Current: "K3D5EWEUDCCXON"})
//	if err := v.Err(); err != nil {
//		return err // with the time from which the change is safe
//	}
//
// A rotation takes three deployments. The first adds a key to the key group: the
// key is New, and Ready once every edge has it. The second makes it Current: the
// deployment document names it, and signers follow. The previous key is then
// Draining, and Retired once the last URL that it signed has expired. The third
// removes the retired key.
//
// Whatever an observation does not show counts against a step. Verdict.From is zero
// if waiting does not help.
//
// # Assumptions
//
// The proof depends on these assumptions and on no others.
//
//   - Propagation (P): an edge uses a state of the key group, and Parameter Store
//     returns a version of the document, that was current at most P ago. The order
//     is arbitrary: an edge may use one state, and then an older one.
//   - Clocks (C): no clock is off by more than C. AWS truncates times to whole
//     seconds.
//   - Observation.Now was read first, and what AWS returned afterwards was true
//     then: no change by an earlier deployment is missing.
//   - Signers come from signer.Open, or keep the same promises in another language,
//     and read the document from Parameter Store. A signer uses a key for at most
//     the maxKeyAge of the document that names it, counted from before the document
//     was read. No expiry, whether of a URL, a pass, a cookie or a stable URL, lies
//     further ahead than the document's maxUrlLifetime, rounded up to a second. How
//     often a signer reads does not matter: one that was frozen for a day, or
//     cannot reach AWS, refuses to sign. A borrower's signer uses the lower of each
//     two limits. Not covered are signer.New, and a document in an environment
//     variable or a file, which a signer can read repeatedly without learning that
//     it is out of date.
//   - Only one deployment of a stack at a time, and nobody else, changes the key
//     group and the document. It is judged before the first of these calls. After
//     that it may wait, fail and stop anywhere, and roll back to the observed
//     state, in any order and at any time. A rollback is not judged. Not covered is
//     a rollback to another state: after a rollback that skipped a resource, or to
//     a state before several deployments, as --disable-rollback of the AWS CLI and
//     --no-rollback of the CDK allow it.
//   - The distribution has trusted this key group for at least as long as the group
//     has had its present members.
//   - Nobody else signs with a key of the deployment. What others sign with another
//     member of the group is not in the history, so no wait makes its removal safe:
//     the caller must refuse it, as this module's guard does.
//   - A parameter that was renamed, or deleted and created again, starts again at
//     version 1. Each key that it may have named before was created a day or more
//     before the new version 1, and no signer has read the old parameter since
//     then.
//
// # Proof
//
// A URL is valid until an edge's clock shows its expiry. Claim: while it is valid,
// its key is a member in each state of the group that an edge may use.
//
// Both the current key before a change and the one after it are members of the
// group before and after the change. The new one must be a member before, and one
// of the keys after. The old one is a member before, and remains one, since a
// current key is not removed. So it does not matter whether the group or the
// document is written first, how much later the other is written, whether it is
// written at all, or whether they are written back.
//
// The first signature. Let the group's LastModifiedTime be m. It came from a clock
// at most C behind and was truncated, so the change was made before m + C + 1s. A
// step judged at a time n, by a clock at most C ahead, is made after n - C. With
//
//	n >= m + P + 2C + 1s
//
// it is made more than P after that change: each edge uses the present group, with
// the key. A key is created before it becomes a member; if its CreatedTime is later
// than m, it replaces m.
//
// The last URL. Let a version that named the key have maxKeyAge A and
// maxUrlLifetime L, and let e be the LastModifiedDate of the version after it. The
// version was current until a time before e + C + 1s. The last signer to read it
// did so before e + C + 1s + P, and its clock, at most C ahead, then showed less
// than e + 2C + 1s + P. It signs until that clock shows A more, and no expiry is
// later than L and a second after that: all are before e + 2C + 2s + P + A + L. A
// removal judged at n is made after n - C, when an edge's clock shows more than n -
// 2C. With
//
//	n >= e + A + L + P + 4C + 2s
//
// everything that was signed has expired by each edge's clock. This must hold for
// each version that named the key, with the limits of that version, and also for
// versions that were rolled back. So a lower limit shortens no wait that has begun,
// a higher one invalidates none, and limits may change at any time. A version that
// is not in the history, or cannot be read, may have named any key that existed
// then, with the limits Observation.Unread. AWS keeps 100 versions.
//
// A key that has left the group is Retired when no edge uses the previous group any
// more: at m + P + 2C + 1s, as above.
//
// Each part is needed. The simulation in the tests of this package removes each
// part of the two waits, each rule and each kind of version, one at a time, and
// observes that a request is refused that should be allowed. It observes the same
// if edges are later, or clocks further off, than Bounds allows.
//
// # A compromised key
//
// Somebody else who has a key can sign anything with it, so its removal does not
// wait for the last URL. The order of steps remains, or signers would go on with a
// key that no edge trusts: make another key current once it is ready, and remove
// the compromised key in the next deployment. Verdict.Lifted lists the cost:
// signers may use the key for another maxKeyAge, and edges refuse these URLs too.
package rotation
