// xAI's provider of the AI SDK against an emulated upstream: `node peer_xai.mjs FOLDER_OF_PEERS BASE_URL KEY < calls`, answers JSON.
// A call is ["start", model, options] or ["status", model, id]; {"file": path} among the options is read as bytes.
import { readFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [peers, baseURL, apiKey] = process.argv.slice(2);
const { createXai } = await import(pathToFileURL(path.join(peers, "node_modules/@ai-sdk/xai/dist/index.js")));
const xai = createXai({ baseURL, apiKey });

const types = { ".jpg": "image/jpeg", ".png": "image/png", ".mp4": "video/mp4" };
const inline = (file) => `data:${types[path.extname(file)]};base64,${readFileSync(file).toString("base64")}`;

function fill(value) {
  if (Array.isArray(value)) return value.map(fill);
  if (value === null || typeof value !== "object") return value;
  if (value.file) return { type: "file", mediaType: types[path.extname(value.file)], data: new Uint8Array(readFileSync(value.file)) };
  if (value.inline) return inline(value.inline);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, fill(inner)]));
}

async function call([verb, model, given]) {
  const video = xai.video(model);
  if (verb === "status") return video.doStatus({ operation: { requestId: given } });
  return video.doStart({ n: 1, providerOptions: {}, ...fill(given) });
}

const answers = [];
for (const step of JSON.parse(readFileSync(0, "utf8"))) {
  try {
    answers.push(await call(step));
  } catch (error) {
    answers.push({ failed: error.name, status: error.statusCode ?? null, text: error.message });
  }
}
process.stdout.write(JSON.stringify(answers));
