// OpenAI's client for Node against a Castlist server: prints what came of it as JSON.
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [base, clip, out, peers] = process.argv.slice(2);
const require = createRequire(pathToFileURL(path.join(peers, "package.json")));
const { default: OpenAI } = await import(pathToFileURL(require.resolve("openai")));

const client = new OpenAI({ baseURL: `${base}/v1`, apiKey: "any", maxRetries: 0 });
const small = { seconds: "1", size: "320x180" };

async function save(id, name, variant) {
  const content = await client.videos.downloadContent(id, variant ? { variant } : {});
  fs.writeFileSync(path.join(out, name), Buffer.from(await content.arrayBuffer()));
}

async function poll(video) {
  while (video.status === "queued" || video.status === "in_progress") {
    await new Promise((done) => setTimeout(done, 200));
    video = await client.videos.retrieve(video.id);
  }
  return video;
}

const luna = await client.videos.createCharacter({ name: "Luna", video: fs.createReadStream(clip) });
const again = await client.videos.getCharacter(luna.id);
const scene = await poll(
  await client.videos.create({ model: "sora-2", prompt: "Luna dances in a forest", characters: [{ id: luna.id }], ...small }),
);
await save(scene.id, "scene.mp4");
await save(scene.id, "thumbnail.webp", "thumbnail");
await save(scene.id, "spritesheet.jpg", "spritesheet");
const edited = await poll(await client.videos.edit({ prompt: "Warm golden light", video: { id: scene.id } }));
const extended = await poll(await client.videos.extend({ prompt: "Luna waves", seconds: "1", video: { id: scene.id } }));
const remixed = await poll(await client.videos.remix(scene.id, { prompt: "Luna at noon" }));
const opened = await poll(
  await client.videos.create({
    model: "sora-2",
    prompt: "Luna looks around",
    characters: [{ id: luna.id }],
    input_reference: fs.createReadStream(path.join(out, "thumbnail.webp")),
    ...small,
  }),
);
await save(extended.id, "extended.mp4");
const listed = [];
for await (const video of client.videos.list({ limit: 1 })) listed.push(video.id);
const deleted = await client.videos.delete(edited.id);

console.log(
  JSON.stringify({
    name: again.name,
    statuses: [scene, edited, extended, remixed, opened].map((video) => video.status),
    casts: [scene, edited, extended, remixed, opened].map((video) => video.castlist.cast.map((who) => who.name)),
    listed: listed.length,
    seconds: extended.seconds,
    deleted: deleted.deleted,
  }),
);
