"""A golden set through Envoy: it tells CI whether a model still does what it must, the filter's repairs included."""

import json
import os
import subprocess

CASES = 200
POLICY = """
seawall 1
target primary { cluster "primary"  provider openai  host "primary.test" }
route chat { match path "/v1/chat/completions"  try primary  output { schema from request  invalid repair, reject } }
"""

ADA = json.dumps({"name": "Ada", "age": 36})
PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
}


def golden(seawall, folder, *more):
    """The exit code, and what was printed."""
    schema = {"type": "json_schema", "json_schema": {"name": "person", "schema": PERSON}}
    golden_set = {
        "about": "Who wrote the first program.",
        "path": "/chat/completions",
        "request": {"model": "any", "response_format": schema},
        "expect": {"schema": PERSON, "contains": ["Ada"], "max_tokens": 100, "max_latency": "10s", "max_cost": 0.01},
        "price": {"in": 2.0, "out": 8.0},
        "budget": {"cost": 1.0, "p95_latency": "10s"},
        "cases": [{"name": f"case {n}", "prompt": f"Who wrote program {n}?"} for n in range(CASES)],
    }
    # JSON is YAML.
    (folder / "set.yaml").write_text(json.dumps(golden_set))
    command = [os.environ["SEAWALL"], "golden", "run", folder / "set.yaml", "--base-url", seawall.base_url]
    run = subprocess.run([*command, "--jobs", "8", *more], capture_output=True, text=True, timeout=120, check=False)
    return run.returncode, run.stdout + run.stderr


def test_a_model_that_gets_worse_fails_where_the_filter_cannot_repair_it(seawall, tmp_path):
    baseline, page = tmp_path / "baseline.json", tmp_path / "page.html"
    seawall.plan("primary", [{"text": f"Here you are:\n```json\n{ADA}\n```", "times": "forever"}])
    code, said = golden(seawall, tmp_path, "--save-baseline", baseline, "--html", page)
    assert code == 0, said
    assert seawall.seen("primary") == CASES
    assert "case 199" in page.read_text()

    # One in four lacks what it must have: the filter rejects it, and the set fails.
    lacking = {"text": json.dumps({"name": "Ada"})}
    plan = [part for _ in range(CASES // 4) for part in ({"text": ADA, "times": 3}, lacking)]
    seawall.plan("primary", plan)
    code, said = golden(seawall, tmp_path, "--baseline", baseline, "--tolerance", "20")
    assert code == 1, said
    seawall.plan("primary", plan)
    code, said = golden(seawall, tmp_path, "--baseline", baseline, "--tolerance", "30")
    assert code == 0, said
