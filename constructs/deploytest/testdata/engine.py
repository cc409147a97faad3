"""Runs MiniStack as the AWS account of the deployment test, on loopback alone.

    python engine.py --scratch FOLDER

MiniStack is used as published. This program adds what MiniStack lacks of AWS and our
templates need:

- of CloudFormation, the resources AWS::CloudFront::PublicKey and
  AWS::CloudFront::KeyGroup. The engine's own CloudFront API makes, changes and deletes
  them, so that its refusals (PublicKeyInUse, CannotChangeImmutablePublicKeyFields)
  fail a stack as in AWS;
- of CloudFormation, the resources AWS::Logs::DeliverySource, DeliveryDestination and
  Delivery, made and deleted by the engine's own API of CloudWatch Logs;
- of CloudFormation, the tags and the encryption of a bucket, the ARN as the Ref of a
  secret, and no version for a secret without a value;
- of CloudFormation, the Region of Fn::GetStackOutput;
- of CloudFormation, that an update neither removes nor changes an export that another
  stack imports;
- of CloudFormation, that a deletion stops at a resource on which another one still
  depends, and at a bucket that holds anything;
- of CloudFront, the reading and listing of origin access identities;
- of CloudFront, that a name and a caller reference belong to one public key, that a
  distribution trusts only key groups that exist, and ListDistributionsByKeyGroup;
- of Secrets Manager, that a stored version does not change;
- of Lambda, that a deleted log group is not made again;
- of S3, that a bucket's CORS rules answer preflight requests, that CloudFront reads
  with TLS, and that a bucket's policy can deny writes.

The test and this program exchange files in FOLDER:

- "fail-once" holds a type of resource. The next resource of that type is not made.
  This program deletes the file then.
- "fail-after-once" holds a type of resource. The next update of a resource of that
  type is done and then reported as failed, and "age" is set to 0. This program
  deletes the file then.
- "fail-going-back" holds a type of resource. While the file exists, no update of a
  resource of that type is rolled back, so a rollback fails.
- "fail-delete-once" holds a type of resource. The next resource of that type is not
  deleted. This program deletes the file then.
- "plant-once" holds a text. It is put into the next secret that is made, before the
  stack writes to it. This program deletes the file then.
- "age" holds seconds. CloudFront and Systems Manager report the times of keys, key
  groups and parameters earlier by so much.
- "deny-key-groups": while the file exists, nobody may read a key group.
- "secret-values" gets every value of every secret, one JSON string a line, for the
  test to search for.
- "function-output" gets the output of the functions, whose log groups are deleted
  with their stacks.

The first line of standard output is the address. The program must lead a process
group. It ends the whole group when its standard input ends, so that no engine, no
function and no program of the test in that group outlives the test.
"""
import argparse
import datetime
import json
import os
import pathlib
import signal
import socket
import sys
import threading
import xml.etree.ElementTree as ElementTree

LOOPBACK = "127.0.0.1"


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--scratch", type=pathlib.Path, required=True)
    scratch = parser.parse_args().scratch
    end_with_standard_input()
    port = free_port()
    settle_environment(port, scratch)

    keep_function_output(scratch / "function-output")
    keep_secret_values(scratch / "secret-values")
    refuse_taken_public_keys()
    show_origin_access_identities()
    list_distributions_by_key_group()
    answer_older_times(scratch / "age")
    deny_key_groups(scratch / "deny-key-groups")
    read_outputs_of_other_regions()
    keep_exports_in_use()
    register_resources(scratch / "fail-once", scratch / "plant-once")
    fail_after_updates(scratch / "fail-after-once", scratch / "age")
    fail_rollbacks(scratch / "fail-going-back")
    deny_writes()
    answer_preflights_by_the_bucket()
    read_buckets_with_tls()
    fail_deletions(scratch / "fail-delete-once")

    print(f"http://{LOOPBACK}:{port}", flush=True)
    # The engine would read the arguments too.
    sys.argv[1:] = []
    from ministack import app

    app.main()


def end_with_standard_input():
    """Ends the process group when standard input ends."""
    if os.getpgrp() != os.getpid():
        sys.exit("engine.py must lead a group of processes, which it ends: start it in a new one")

    def wait():
        sys.stdin.buffer.read()
        os.killpg(os.getpgrp(), signal.SIGKILL)

    threading.Thread(target=wait, daemon=True).start()


def free_port():
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return probe.getsockname()[1]


def settle_environment(port, scratch):
    """Sets the variables that the engine reads when it is imported. It opens one
    port, and uses no Docker."""
    os.environ.update({
        "BIND_HOST": LOOPBACK,
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": LOOPBACK,
        "AWS_ENDPOINT_URL": f"http://{LOOPBACK}:{port}",  # for the functions
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local",
        "DOCKER_HOST": f"unix://{scratch}/no-docker",
        "PERSIST_STATE": "0",
        "S3_PERSIST": "0",
    })


def keep_function_output(file):
    """Keeps the functions' output after their log groups are deleted. A deleted
    group is not made again, because our functions have no right to."""
    from ministack.services import cloudwatch_logs, lambda_svc

    append, emit = cloudwatch_logs._append_log_events, lambda_svc._emit_lambda_logs

    def keep(lines):
        with open(file, "a") as output:
            output.writelines(line + "\n" for line in lines)

    def append_log_events(stream, events):
        keep(event["message"] for event in events)
        append(stream, events)

    def emit_lambda_logs(func, request_id, log_text, *rest, **more):
        group = ((func.get("config") or func).get("LoggingConfig") or {}).get("LogGroup")
        if group and group not in cloudwatch_logs._log_groups:
            keep((log_text or "").splitlines())
        else:
            emit(func, request_id, log_text, *rest, **more)

    cloudwatch_logs._append_log_events = append_log_events
    lambda_svc._emit_lambda_logs = emit_lambda_logs


def keep_secret_values(file):
    from ministack.core.responses import error_response_json
    from ministack.services import secretsmanager

    put = secretsmanager._put_secret_value

    def put_secret_value(data):
        value, token = data.get("SecretString"), data.get("ClientRequestToken")
        with open(file, "a") as values:
            values.write(json.dumps(value) + "\n")
        _, secret = secretsmanager._resolve(data.get("SecretId"))
        stored = secret and secret["Versions"].get(token)
        if stored and stored["SecretString"] != value:
            return error_response_json("ResourceExistsException", "A resource with the ID you requested already exists.", 400)
        return put(data)

    secretsmanager._put_secret_value = put_secret_value


def refuse_taken_public_keys():
    from ministack.services import cloudfront

    create = cloudfront._create_public_key

    def create_public_key(body):
        config = ElementTree.fromstring(body)
        for field in ("CallerReference", "Name"):
            wanted = config.findtext("{*}" + field)
            if any(key["Config"][field] == wanted for key in cloudfront._public_keys.values()):
                return cloudfront._error("PublicKeyAlreadyExists", f"There is a public key with the {field} {wanted}.", 409)
        return create(body)

    cloudfront._create_public_key = create_public_key


origin_access_identities = {}


def show_origin_access_identities():
    """Adds GetCloudFrontOriginAccessIdentity and its list to the API."""
    from ministack.services import cloudfront

    handle = cloudfront.handle_request
    path_of_all = "/2020-05-31/origin-access-identity/cloudfront"

    def describe(parent, identity):
        for field, text in identity.items():
            ElementTree.SubElement(parent, field).text = text

    def one(root, identity):
        describe(root, {field: identity[field] for field in ("Id", "S3CanonicalUserId")})
        config = ElementTree.SubElement(root, "CloudFrontOriginAccessIdentityConfig")
        describe(config, {"CallerReference": identity["Id"], "Comment": identity["Comment"]})

    def all_of_them(root):
        describe(root, {"Marker": "", "MaxItems": "100", "IsTruncated": "false", "Quantity": str(len(origin_access_identities))})
        items = ElementTree.SubElement(root, "Items")
        for identity in origin_access_identities.values():
            describe(ElementTree.SubElement(items, "CloudFrontOriginAccessIdentitySummary"), identity)

    async def handle_request(method, path, headers, body, query):
        if method != "GET" or not path.startswith(path_of_all):
            return await handle(method, path, headers, body, query)
        name = path.removeprefix(path_of_all).strip("/")
        if not name:
            return cloudfront._xml_response("CloudFrontOriginAccessIdentityList", all_of_them)
        identity = origin_access_identities.get(name)
        if not identity:
            return cloudfront._error("NoSuchCloudFrontOriginAccessIdentity", "There is no such identity.", 404)
        return cloudfront._xml_response("CloudFrontOriginAccessIdentity", lambda root: one(root, identity))

    cloudfront.handle_request = handle_request


def list_distributions_by_key_group():
    """Adds ListDistributionsByKeyGroup to the API."""
    from ministack.services import cloudfront

    handle = cloudfront.handle_request
    path_of_group = "/2020-05-31/distributionsByKeyGroupId/"

    async def handle_request(method, path, headers, body, query):
        if method != "GET" or not path.startswith(path_of_group):
            return await handle(method, path, headers, body, query)
        trusting = cloudfront._key_groups_using(path.removeprefix(path_of_group))

        def describe(root):
            for field, text in {"Marker": "", "MaxItems": "100", "IsTruncated": "false", "Quantity": str(len(trusting))}.items():
                ElementTree.SubElement(root, field).text = text
            items = ElementTree.SubElement(root, "Items")
            for distribution_id in trusting:
                ElementTree.SubElement(items, "DistributionId").text = distribution_id

        return cloudfront._xml_response("DistributionIdList", describe)

    cloudfront.handle_request = handle_request


def deny_key_groups(file):
    from ministack.services import cloudfront

    get = cloudfront._get_key_group

    def get_key_group(name):
        if file.exists():
            return cloudfront._error("AccessDenied", "User is not authorized to perform: cloudfront:GetKeyGroup", 403)
        return get(name)

    cloudfront._get_key_group = get_key_group


def answer_older_times(file):
    """Reports earlier times for keys, key groups and parameters."""
    from ministack.services import cloudfront, ssm

    def age():
        return int(file.read_text()) if file.exists() else 0

    def older(build, field):
        def build_older(parent, made):
            then = datetime.datetime.fromisoformat(made[field]) - datetime.timedelta(seconds=age())
            return build(parent, made | {field: then.strftime("%Y-%m-%dT%H:%M:%SZ")})

        return build_older

    cloudfront._build_public_key_xml = older(cloudfront._build_public_key_xml, "CreatedTime")
    cloudfront._build_key_group_xml = older(cloudfront._build_key_group_xml, "LastModifiedTime")
    history = ssm._get_parameter_history

    def get_parameter_history(data):
        status, headers, body = history(data)
        answer = json.loads(body)
        for version in answer.get("Parameters", []):
            version["LastModifiedDate"] -= age()
        return status, headers, json.dumps(answer).encode()

    ssm._get_parameter_history = get_parameter_history


def read_outputs_of_other_regions():
    from ministack.core import responses
    from ministack.services.cloudformation import engine

    resolve = engine._resolve_refs

    def resolve_refs(value, *rest):
        output = value.get("Fn::GetStackOutput") if isinstance(value, dict) else None
        if not isinstance(output, dict) or "Region" not in output:
            return resolve(value, *rest)
        here = responses.get_region()
        responses.set_request_region(output["Region"])
        try:
            return resolve(value, *rest)
        finally:
            responses.set_request_region(here)

    engine._resolve_refs = resolve_refs


def keep_exports_in_use():
    """Fails an update at the point where CloudFormation does, after all changes and
    before any deletion. The stack then rolls back."""
    from ministack.services.cloudformation import _exports, _stacks, handlers, stacks

    resolve = stacks._resolve_stack_outputs

    def importer(export, exporter):
        for name, stack in _stacks.items():
            live = "DELETE" not in stack["StackStatus"] and stack["StackStatus"] != "ROLLBACK_COMPLETE"
            if name != exporter and live and export in handlers._imported_export_names(stack, name):
                return name

    def resolve_stack_outputs(definitions, conditions, resources, parameters, mappings, stack_name, stack_id):
        outputs, exports = resolve(definitions, conditions, resources, parameters, mappings, stack_name, stack_id)
        for output in _stacks[stack_name].get("Outputs", []):
            export, value = output.get("ExportName"), output["OutputValue"]
            if not export or exports.get(export, {}).get("Value") == value:
                continue
            verb = "updated" if export in exports else "deleted"
            if user := importer(export, stack_name):
                raise ValueError(f"Export {export} cannot be {verb} as it is in use by {user}")
            _exports.pop(export, None)
        return outputs, exports

    stacks._resolve_stack_outputs = resolve_stack_outputs


def register_resources(fail_once, plant_once):
    from ministack.services.cloudformation import provisioners

    handlers = provisioners._RESOURCE_HANDLERS
    handlers["AWS::CloudFront::PublicKey"] = public_key()
    handlers["AWS::CloudFront::KeyGroup"] = key_group()
    handlers.update(log_deliveries())
    for name, changed in {
        "AWS::CloudFront::CloudFrontOriginAccessIdentity": origin_access_identity,
        "AWS::CloudFront::Distribution": distribution,
        "AWS::S3::Bucket": bucket,
        "AWS::SecretsManager::Secret": secret(plant_once),
    }.items():
        handlers[name] = handlers[name] | changed(handlers[name])
    for name, handler in handlers.items():
        handler["create"] = failing_once(name, handler["create"], fail_once)


def failing_once(name, create, file):
    """Returns create, which fails once if the file names its type."""

    def create_or_fail(logical_id, props, stack_name):
        if file.exists() and file.read_text() == name:
            file.unlink()
            raise ValueError(f"{name} fails once, as the test has asked")
        return create(logical_id, props, stack_name)

    return create_or_fail


def fail_after_updates(file, age):
    """Has an update fail after it was done. CloudFormation rolls back such a
    resource too; the engine by itself does not."""
    from ministack.services.cloudformation import provisioners, stacks

    failed = set()
    otherwise = stacks._sends_back_failed_update
    stacks._sends_back_failed_update = lambda name: name in failed or otherwise(name)

    def failing(name, update):
        def update_and_fail(*arguments):
            answer = update(*arguments)
            if file.exists() and file.read_text() == name:
                file.unlink()
                failed.add(name)
                age.write_text("0")
                raise ValueError(f"{name} fails once, as the test has asked")
            return answer

        return update_and_fail

    for name, handler in provisioners._RESOURCE_HANDLERS.items():
        if handler.get("update"):
            handler["update"] = failing(name, handler["update"])


def fail_rollbacks(file):
    """Fails the rollback of an update while the file names its type."""
    from ministack.services.cloudformation import _stacks, stacks

    update = stacks._update_resource

    def update_or_fail(kind, physical_id, old, new, stack_name, *rest):
        going_back = _stacks[stack_name]["StackStatus"] == "UPDATE_ROLLBACK_IN_PROGRESS"
        if going_back and file.exists() and file.read_text() == kind:
            raise ValueError(f"{kind} does not go back, as the test has asked")
        return update(kind, physical_id, old, new, stack_name, *rest)

    stacks._update_resource = update_or_fail


def deny_writes():
    """Has a bucket's policy deny writes. A request on loopback counts as one with
    TLS."""
    from ministack.core.iam_evaluator import EvalContext, evaluate_resource_policy
    from ministack.core.responses import get_account_id, get_region
    from ministack.services import s3

    def denying(write):
        def write_or_deny(bucket, key, *rest, **more):
            request = EvalContext(
                principal_arn=f"arn:aws:iam::{get_account_id()}:root", principal_type="Root", principal_account=get_account_id(),
                action="s3:PutObject", resource_arn=f"arn:aws:s3:::{bucket}/{key}", region=get_region(), secure_transport=True)
            if evaluate_resource_policy(s3._bucket_policies.get(bucket), request).decision == "Deny":
                return s3._error("AccessDenied", "Access Denied", 403)
            return write(bucket, key, *rest, **more)

        return write_or_deny

    for name in ("_put_object", "_copy_object", "_create_multipart_upload", "_upload_part", "_upload_part_copy", "_complete_multipart_upload"):
        setattr(s3, name, denying(getattr(s3, name)))


def answer_preflights_by_the_bucket():
    """Answers a browser's preflight request by the bucket's CORS rules, as the
    engine itself does when it checks signatures."""
    from ministack import app
    from ministack.services import s3

    otherwise = app._handle_options_request

    def preflight(method, path, headers, query_params, request_id):
        target = method == "OPTIONS" and app._s3_cors_target(headers.get("host", ""), path)
        return s3.cors_preflight(*target, headers) if target else otherwise(method, path, headers, query_params, request_id)

    app._handle_options_request = preflight


def read_buckets_with_tls():
    """Has CloudFront read a bucket with TLS, by an access control or an origin access
    identity, which a bucket's policy may name by its canonical user. The engine by
    itself evaluates the policy without TLS, and does not know that user."""
    from ministack.core.iam_evaluator import EvalContext, evaluate_resource_policy
    from ministack.core.responses import get_region
    from ministack.services import s3

    def allows(owner, bucket, key, source_arn, oai_id):
        identity = f"arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity {oai_id}"
        request = EvalContext(
            principal_arn=identity if oai_id else "*", principal_type="User" if oai_id else "Service", principal_account="",
            action="s3:GetObject", resource_arn=f"arn:aws:s3:::{bucket}/{key}", region=get_region(), secure_transport=True,
            service_context={"aws:sourcearn": source_arn} if source_arn else {})
        policy = json.loads(s3._bucket_policies.get_scoped(owner, None, bucket) or '{"Statement": []}')
        for statement in policy["Statement"]:
            user = origin_access_identities.get(oai_id, {}).get("S3CanonicalUserId")
            if user and statement.get("Principal") == {"CanonicalUser": user}:
                statement["Principal"] = {"AWS": identity}
        service = None if oai_id else "cloudfront.amazonaws.com"
        return evaluate_resource_policy(json.dumps(policy), request, service=service).decision == "Allow"

    s3._cloudfront_origin_allows = allows


def fail_deletions(file):
    """Fails the deletion of a resource while the file names its type, or while a
    resource that depends on it exists."""
    from ministack.services import cloudformation
    from ministack.services.cloudformation import engine, stacks

    delete = stacks._delete_resource

    def delete_or_fail(kind, physical_id, props, stack_name=None, logical_id=None):
        stack = cloudformation._stacks.get(stack_name) or {}
        if stack.get("StackStatus") == "DELETE_IN_PROGRESS":
            resources = stack["_template"]["Resources"]
            for other in stack["_resources"]:
                if other in resources and other != logical_id and logical_id in engine._extract_deps(resources[other], {logical_id}):
                    raise ValueError(f"{other}, which depends on it, is still there")
        if file.exists() and file.read_text() == kind:
            file.unlink()
            raise ValueError(f"{kind} is not deleted once, as the test has asked")
        return delete(kind, physical_id, props, stack_name, logical_id)

    stacks._delete_resource = delete_or_fail


def public_key():
    from ministack.services import cloudfront

    def body(props):
        return xml("PublicKeyConfig", props["PublicKeyConfig"])

    def create(logical_id, props, stack_name):
        made = succeeded(cloudfront._create_public_key(body(props)))
        return made.findtext("{*}Id"), {"Id": made.findtext("{*}Id"), "CreatedTime": made.findtext("{*}CreatedTime")}

    def update(physical_id, old, new, stack_name):
        changed = succeeded(cloudfront._update_public_key(physical_id, match(cloudfront._public_keys, physical_id), body(new)))
        return physical_id, {"Id": physical_id, "CreatedTime": changed.findtext("{*}CreatedTime")}

    def delete(physical_id, props):
        if physical_id in cloudfront._public_keys:
            succeeded(cloudfront._delete_public_key(physical_id, match(cloudfront._public_keys, physical_id)))

    return {"create": create, "update": update, "delete": delete}


def key_group():
    from ministack.services import cloudfront

    def body(props):
        return xml("KeyGroupConfig", props["KeyGroupConfig"], item="PublicKey")

    def attributes(made):
        return {"Id": made.findtext("{*}Id"), "LastModifiedTime": made.findtext("{*}LastModifiedTime")}

    def create(logical_id, props, stack_name):
        made = succeeded(cloudfront._create_key_group(body(props)))
        return made.findtext("{*}Id"), attributes(made)

    def update(physical_id, old, new, stack_name):
        return physical_id, attributes(
            succeeded(cloudfront._update_key_group(physical_id, match(cloudfront._key_groups, physical_id), body(new))))

    def delete(physical_id, props):
        if physical_id in cloudfront._key_groups:
            succeeded(cloudfront._delete_key_group(physical_id, match(cloudfront._key_groups, physical_id)))

    return {"create": create, "update": update, "delete": delete}


def log_deliveries():
    """The resources that deliver the logs of a distribution."""
    from ministack.services import cloudwatch_logs as logs

    def answered(response):
        status, _, body = response
        answer = json.loads(body)
        if status >= 300:
            raise ValueError(f"{answer['__type']}: {answer['message']}")
        return answer

    def source(logical_id, props, stack_name):
        made = answered(logs._put_delivery_source({
            "name": props["Name"], "logType": props["LogType"], "resourceArn": props["ResourceArn"],
        }))["deliverySource"]
        return made["name"], {"Arn": made["arn"]}

    def destination(logical_id, props, stack_name):
        made = answered(logs._put_delivery_destination({
            "name": props["Name"], "outputFormat": props["OutputFormat"],
            "deliveryDestinationConfiguration": {"destinationResourceArn": props["DestinationResourceArn"]},
        }))["deliveryDestination"]
        return made["name"], {"Arn": made["arn"]}

    def delivery(logical_id, props, stack_name):
        made = answered(logs._create_delivery({
            "deliverySourceName": props["DeliverySourceName"], "deliveryDestinationArn": props["DeliveryDestinationArn"],
            "recordFields": props["RecordFields"],
        }))["delivery"]
        return made["id"], {"Arn": made["arn"], "DeliveryId": made["id"]}

    def type_of(create, delete, identifier):
        return {"create": create, "delete": lambda physical_id, props: answered(delete({identifier: physical_id}))}

    return {
        "AWS::Logs::DeliverySource": type_of(source, logs._delete_delivery_source, "name"),
        "AWS::Logs::DeliveryDestination": type_of(destination, logs._delete_delivery_destination, "name"),
        "AWS::Logs::Delivery": type_of(delivery, logs._delete_delivery, "id"),
    }


def origin_access_identity(handler):
    def keep(made, props):
        identity, attributes = made
        comment = props["CloudFrontOriginAccessIdentityConfig"]["Comment"]
        origin_access_identities[identity] = attributes | {"Comment": comment}
        return made

    def create(logical_id, props, stack_name):
        return keep(handler["create"](logical_id, props, stack_name), props)

    def update(physical_id, old, new, stack_name):
        return keep(handler["update"](physical_id, old, new, stack_name), new)

    def delete(physical_id, props):
        origin_access_identities.pop(physical_id, None)

    return {"create": create, "update": update, "delete": delete}


def distribution(handler):
    from ministack.services import cloudfront

    def check(props):
        config = props["DistributionConfig"]
        for behavior in [config["DefaultCacheBehavior"], *config.get("CacheBehaviors", [])]:
            for group in behavior.get("TrustedKeyGroups", []):
                if group not in cloudfront._key_groups:
                    raise ValueError(f"TrustedKeyGroupDoesNotExist: {group}")

    def create(logical_id, props, stack_name):
        check(props)
        return handler["create"](logical_id, props, stack_name)

    def update(physical_id, old, new, stack_name, logical_id):
        check(new)
        return handler["update"](physical_id, old, new, stack_name, logical_id)

    return {"create": create, "update": update}


def bucket(handler):
    from ministack.services import s3

    def configure(made, props):
        name, _ = made
        s3._bucket_tags[name] = {tag["Key"]: tag["Value"] for tag in props.get("Tags", [])}
        rules = props["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        # The bootstrap bucket uses AWS's own key, which the engine does not have.
        if not any(rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms"} for rule in rules):
            s3._bucket_encryption[name] = encryption(rules).decode()
        return made

    def create(logical_id, props, stack_name):
        return configure(handler["create"](logical_id, props, stack_name), props)

    def update(physical_id, old, new, stack_name):
        return configure(handler["update"](physical_id, old, new, stack_name), new)

    def delete(physical_id, props):
        if physical_id in s3._buckets:
            succeeded(s3._delete_bucket(physical_id))
        handler["delete"](physical_id, props)

    return {"create": create, "update": update, "delete": delete}


def encryption(rules):
    """Returns the encryption of a bucket in the form of S3's API."""
    root = ElementTree.Element("ServerSideEncryptionConfiguration", xmlns="http://s3.amazonaws.com/doc/2006-03-01/")
    for rule in rules:
        element = ElementTree.SubElement(root, "Rule")
        default = ElementTree.SubElement(element, "ApplyServerSideEncryptionByDefault")
        for field, value in rule["ServerSideEncryptionByDefault"].items():
            ElementTree.SubElement(default, field).text = value
    return ElementTree.tostring(root)


def secret(plant_once):
    from ministack.services import secretsmanager

    def name(arn):
        return secretsmanager._resolve(arn)[0]

    def changed(handler):
        def create(logical_id, props, stack_name):
            key, attributes = handler["create"](logical_id, props, stack_name)
            made = secretsmanager._secrets[key]
            if not {"SecretString", "GenerateSecretString"} & props.keys():
                made["Versions"] = {}
                if plant_once.exists():
                    status, _, body = secretsmanager._put_secret_value({"SecretId": made["ARN"], "SecretString": plant_once.read_text()})
                    plant_once.unlink()
                    if status != 200:
                        raise ValueError(f"nothing could be planted: {body}")
            return made["ARN"], attributes

        def update(physical_id, old, new, stack_name, logical_id):
            _, attributes = handler["update"](name(physical_id), old, new, stack_name, logical_id)
            return physical_id, attributes

        def delete(physical_id, props):
            handler["delete"](name(physical_id), props)

        return {"create": create, "update": update, "delete": delete}

    return changed


def xml(tag, fields, item=None):
    """Returns the request body of a configuration. A list becomes elements named item."""
    root = ElementTree.Element(tag)
    for field, value in fields.items():
        element = ElementTree.SubElement(root, field)
        if isinstance(value, list):
            for text in value:
                ElementTree.SubElement(element, item).text = text
        else:
            element.text = value
    return ElementTree.tostring(root)


def match(store, physical_id):
    """Returns the If-Match header of a resource that exists."""
    return {"if-match": store[physical_id]["ETag"]} if physical_id in store else {}


def succeeded(response):
    """Returns the XML of an answer, or raises its error."""
    status, _, body = response
    root = ElementTree.fromstring(body) if body else None
    if status >= 300:
        raise ValueError(": ".join(root.findtext(".//{*}" + field) or "" for field in ("Code", "Message")))
    return root


if __name__ == "__main__":
    main()
