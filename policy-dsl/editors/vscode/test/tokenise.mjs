// Reads example.seawall with the grammar, by the engine that VS Code uses, and compares with the record.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import oniguruma from "vscode-oniguruma";
import textmate from "vscode-textmate";

const at = (file) => new URL(file, import.meta.url);
const text = readFileSync(at("../syntaxes/seawall.tmLanguage.json"), "utf8");
const wasm = createRequire(import.meta.url).resolve("vscode-oniguruma/release/onig.wasm");
await oniguruma.loadWASM(readFileSync(wasm));

const registry = new textmate.Registry({
  onigLib: Promise.resolve({
    createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
    createOnigString: (string) => new oniguruma.OnigString(string),
  }),
  // JSON has a grammar of its own, which editors bring along.
  loadGrammar: async (scopeName) =>
    scopeName === "source.seawall" ? JSON.parse(text) : { scopeName, patterns: [] },
});
const grammar = await registry.loadGrammar("source.seawall");

const [structure] = JSON.parse(text).information_for_contributors.slice(-1);
const record = [structure];
let stack = textmate.INITIAL;
for (const line of readFileSync(at("example.seawall"), "utf8").replace(/\n$/, "").split("\n")) {
  const read = grammar.tokenizeLine(line, stack);
  stack = read.ruleStack;
  record.push(`>${line}`);
  for (const { startIndex, endIndex, scopes } of read.tokens) {
    const part = line.slice(startIndex, endIndex);
    const own = scopes.slice(1).map((scope) => scope.replace(/\.seawall$/, ""));
    if (part.trim()) record.push(`  ${part.trim()}  ${own.join(" ") || "-"}`);
  }
}

const file = at("example.tokens");
const found = record.join("\n") + "\n";
if (process.env.SEAWALL_BLESS) {
  writeFileSync(file, found);
} else if (readFileSync(file, "utf8") !== found) {
  console.error("the tokens differ; to accept them: SEAWALL_BLESS=1 npm test, and look at what changed");
  process.exit(1);
}
