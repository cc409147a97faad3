#!/usr/bin/env bash
# The steps of .github/workflows/aws.yml. They do in a real account what
# constructs/deploytest does in an emulated one. $RUN is part of the names of this run's
# environments.
#
#     deployment.sh STEP
set -euo pipefail

cdk=(npx --yes aws-cdk@2.1148.1)
main=aws-$RUN borrower=pr-$RUN own=own-$RUN
sample=signer/cmd/signedfront/sample
signedfront=$RUNNER_TEMP/signedfront
summary=${GITHUB_STEP_SUMMARY:-/dev/stdout}

say() { printf '%s\n' "$@" >>"$summary"; }

# configure JAVASCRIPT changes cdk.json. In JAVASCRIPT, e are the environments and m is
# the main one.
configure() {
  MAIN=$main BORROWER=$borrower OWN=$own node -e '
    const fs = require("fs"), { MAIN, BORROWER, OWN } = process.env;
    const config = JSON.parse(fs.readFileSync("cdk.json")), e = config.context.environments;
    delete e.dev;
    const m = e[MAIN] ??= { ephemeral: true, lendKeys: true, maxUrlLifetime: "10m", maxKeyAge: "1m" };
    '"$1"'
    fs.writeFileSync("cdk.json", JSON.stringify(config, null, 2));'
}

deploy() {
  "${cdk[@]}" deploy --all -c "env=$1" --require-approval never --outputs-file "outputs-$1.json"
}

# output ENVIRONMENT NAME prints an output of an environment's stack.
output() {
  node -p 'require("./outputs-" + process.argv[1] + ".json")["signedfront-" + process.argv[1]][process.argv[2]]' "$1" "$2"
}

url() { "$signedfront" url --env "$1" rt.png; }

# opens ENVIRONMENT checks that a signed URL opens the picture, and that an unsigned one
# does not. It tries for 15 minutes, since edges may not have a new key yet.
opens() {
  local try signed
  for try in {1..60}; do
    signed=$(url "$1")
    if curl --fail --silent --output picture.png "$signed" && cmp --silent picture.png $sample/rt.png; then
      if curl --fail --silent --output picture.png "${signed%%\?*}"; then
        printf 'the URL opens without a signature too\n'
        return 1
      fi
      return 0
    fi
    printf 'attempt %s of 60: the signed URL does not open the picture\n' "$try"
    sleep 15
  done
  return 1
}

# ask ENVIRONMENT asks CloudFront what its documentation does not say.
ask() {
  "$signedfront" doctor --env "$1" --unknowns rt.png >>"$summary"
}

step_prepare() {
  "${cdk[@]}" bootstrap
}

step_create() {
  configure ''
  deploy "$main"
  local stack states
  stack=signedfront-$main
  states=$(aws cloudformation list-stack-resources --stack-name "$stack" --query 'StackResourceSummaries[].ResourceStatus' --output text)
  if grep --quiet --invert-match CREATE_COMPLETE < <(tr '\t' '\n' <<<"$states"); then
    printf 'not every resource is CREATE_COMPLETE: %s\n' "$states"
    return 1
  fi
  aws s3 sync "$sample" "s3://$(output "$main" BucketName)"
  opens "$main"
  ask "$main"
}

step_again() {
  deploy "$main" 2>&1 | tee again.log
  grep --quiet '(no changes)' again.log
}

# Adds a key, makes it current, once too early and once in time, and removes the old key.
# Meanwhile, URLs are signed and fetched every second.
step_rotate() {
  trap 'touch rotated' EXIT
  (
    while [[ ! -e rotated ]]; do
      signed=$(url "$main")
      curl --silent --output /dev/null --write-out '%{http_code}\n' "$signed" >>statuses
      sleep 1
    done
  ) &
  local signer=$!
  configure 'm.signingKeys = { keys: { 1: {}, 2: {} }, current: 1 };'
  deploy "$main"
  configure 'm.signingKeys.current = 2;'
  if deploy "$main"; then
    printf 'the deployment succeeded, but edges may not have the key that it made current\n'
    return 1
  fi
  sleep 1080 # until every edge has it
  deploy "$main"
  sleep 1860 # maxKeyAge, maxUrlLifetime, and the most by which edges and clocks may be late
  configure 'm.signingKeys = { keys: { 2: {} } };'
  deploy "$main"
  sleep 60
  touch rotated
  wait "$signer"
  say '' '### Answers to signed URLs during a rotation' '' '```' "$(sort statuses | uniq -c)" '```'
  if grep --quiet --invert-match '^200$' statuses; then
    return 1
  fi
}

# A deployment that CloudFront refuses changes nothing, and the next one succeeds.
step_fail() {
  configure 'm.webAcl = "arn:aws:wafv2:us-east-1:" + "'"$(aws sts get-caller-identity --query Account --output text)"'" + ":global/webacl/missing/00000000-0000-4000-8000-000000000000";'
  if deploy "$main"; then
    printf 'the deployment succeeded with a web ACL that does not exist\n'
    return 1
  fi
  opens "$main"
  configure 'delete m.webAcl;'
  deploy "$main"
  opens "$main"
}

# Checks that a borrower's signed URLs open before and after the lender's key changes. The
# old key is marked as compromised, and removed without a wait.
step_borrow() {
  configure 'e["pr-*"] = { ephemeral: true, signingKeys: { from: MAIN } };'
  deploy "$borrower"
  aws s3 sync "$sample" "s3://$(output "$borrower" BucketName)"
  opens "$borrower"
  configure 'm.signingKeys = { keys: { 2: {}, 3: { algorithm: "rsa-2048" } }, current: 2 };'
  deploy "$main"
  sleep 1080
  configure 'm.signingKeys.current = 3; m.signingKeys.compromised = [2];'
  deploy "$main"
  configure 'delete m.signingKeys.keys[2];'
  deploy "$main"
  opens "$borrower"
  "${cdk[@]}" destroy --all -c "env=$borrower" --force
}

step_import() {
  "$signedfront" keygen
  configure 'e[OWN] = { ephemeral: true, signingKeys: { keys: { 1: { custody: "imported", publicKey: "public_key.pem" } } } };'
  deploy "$own"
  aws s3 sync "$sample" "s3://$(output "$own" BucketName)"
  opens "$own"
  "${cdk[@]}" destroy --all -c "env=$own" --force
}

# Moves from an access identity to an access control, with one deployment for each value
# of originAccess, and then to KMS.
step_move() {
  local word
  for word in migrating migrated oac; do
    configure "m.originAccess = '$word';"
    deploy "$main"
    opens "$main"
  done
  configure 'm.encryption = "kms";'
  deploy "$main"
  aws s3 cp $sample/rt.png "s3://$(output "$main" BucketName)/rt.png"
  aws cloudfront create-invalidation --distribution-id "$(output "$main" DistributionId)" --paths '/*'
  opens "$main"
}

# Asks what a page of another site can read of a refusal, and checks that an escape in the
# path does not open an object of a signed path under a public one.
step_refusals() {
  configure '
    m.cors = { origins: ["https://app.example.com"] };
    m.errorPages = [{ errorCode: 403, responsePagePath: "/texts/hello.txt" }];
    m.publicPaths = ["/texts/*"]; m.signedPaths = ["/texts/premium/*"];'
  deploy "$main"
  local bucket site path status wanted
  bucket=$(output "$main" BucketName) site=https://$(output "$main" DistributionDomainName)
  aws s3 cp $sample/rt.png "s3://$bucket/texts/premium/rt.png"
  aws s3 cp $sample/rt.png "s3://$bucket/texts/a b.png"

  say '' '### With an error page for 403 and CORS' ''
  opens "$main"
  ask "$main"
  say '' '```' "$(curl --silent --show-error --include --header 'Origin: https://app.example.com' "$site/rt.png")" '```'

  say '' '### Unsigned requests under a public path' '' '| path | status | wanted |' '| --- | --- | --- |'
  local wrong=0
  while read -r path wanted; do
    status=$(curl --silent --output answer --write-out '%{http_code}' --path-as-is "$site/$path")
    say "| \`/$path\` | $status | $wanted |"
    if [[ $status != "$wanted" ]]; then wrong=1; fi
  done <<'END'
texts/hello.txt 200
texts/a%20b.png 200
texts/premium/rt.png 403
texts/premium%2Frt.png 403
texts/premium%2frt.png 403
texts/%70remium/rt.png 403
END
  [[ $wrong == 0 ]]
}

step_destroy() {
  local failed=0 environment
  configure 'e["pr-*"] ??= { ephemeral: true, signingKeys: { from: MAIN } }; e[OWN] ??= { ephemeral: true };'
  for environment in "$borrower" "$own" "$main"; do
    "${cdk[@]}" destroy --all -c "env=$environment" --force || failed=1
  done
  [[ $failed == 0 ]]
}

step_left() {
  local environment left=''
  for environment in "$borrower" "$own" "$main"; do
    local stack=signedfront-$environment found
    found=$(aws cloudformation list-stacks --query "StackSummaries[?starts_with(StackName, '$stack') && StackStatus!='DELETE_COMPLETE'].[StackName,StackStatus]" --output text)
    left+=$found$'\n'
    found=$(aws cloudfront list-public-keys --query "PublicKeyList.Items[?starts_with(Name, '$stack')].[Name]" --output text)
    left+=$found$'\n'
    found=$(aws cloudfront list-key-groups --query "KeyGroupList.Items[?starts_with(KeyGroup.KeyGroupConfig.Name, '$stack')].[KeyGroup.KeyGroupConfig.Name]" --output text)
    left+=$found$'\n'
    found=$(aws cloudfront list-functions --query "FunctionList.Items[?starts_with(Name, '$stack')].[Name]" --output text)
    left+=$found$'\n'
    found=$(aws s3api list-buckets --query "Buckets[?starts_with(Name, '$stack')].[Name]" --output text)
    left+=$found$'\n'
    found=$(aws logs describe-log-groups --log-group-name-prefix "$stack" --query 'logGroups[].[logGroupName]' --output text)
    left+=$found$'\n'
  done
  left=$(grep -v -e '^None$' -e '^$' <<<"$left" || true)
  say '' '### What is left in the account' '' '```' "${left:-nothing}" '```'
  [[ -z $left ]]
}

"step_$1"
