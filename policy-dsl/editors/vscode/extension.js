// Starts the language server; all that it knows is in the seawall command.
const { workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

exports.activate = async () => {
  const command = workspace.getConfiguration("seawall").get("path", "seawall");
  const server = { command, args: ["lsp"] };
  const documents = { documentSelector: [{ language: "seawall" }] };
  client = new LanguageClient("seawall", "Seawall", server, documents);
  await client.start();
};

exports.deactivate = () => client?.stop();
