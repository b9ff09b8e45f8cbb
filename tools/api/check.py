"""Holds a running demo against its own OpenAPI file with schemathesis, once for each role. Started by `cargo xtask api`."""

import json
import os
import subprocess
import sys
import tempfile
import urllib.request

ROLES = ["operator", "verifier", "senior", "head", "admin"]
# Calls that end the session, build for minutes or never end by themselves are named here with their reason.
LEFT_OUT = {
    "/api/v1/login": "wrong passwords make the next role wait",
    "/api/v1/logout": "ends the session that the run needs",
    "/api/v1/events": "never ends",
}
KEYS = '[auth.openapi.session]\napi_key = "${SESSION}"\n[auth.openapi.token]\napi_key = "${TOKEN}"\n'
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,negative_data_rejection,ignored_auth"


def sign_in(base, role, password):
    body = json.dumps({"login": role, "password": password}).encode()
    request = urllib.request.Request(f"{base}/api/v1/login", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return answer.headers["set-cookie"].split(";")[0].split("=")[1], json.load(answer)["csrf"]


def main():
    base, password, seconds = sys.argv[1], sys.argv[2], sys.argv[3]
    failed = []
    place = tempfile.mkdtemp()
    config = os.path.join(place, "schemathesis.toml")
    with open(config, "w", encoding="utf-8") as file:
        file.write(KEYS)
    for role in ROLES:
        cookie, csrf = sign_in(base, role, password)
        print(f"== {role}", flush=True)
        line = [sys.executable, "-m", "schemathesis.cli", "--config-file", config, "run", f"{base}/api/v1/openapi.json"]
        line += ["--checks", CHECKS, "--max-time", seconds, "--continue-on-failure", "--warnings", "off", "--no-color"]
        for path in LEFT_OUT:
            line += ["--exclude-path", path]
        if subprocess.run(line, cwd=place, env={**os.environ, "SESSION": cookie, "TOKEN": csrf}).returncode != 0:
            failed.append(role)
    if failed:
        sys.exit(f"the API and its description differ, seen as: {', '.join(failed)}")


main()
