// Walks through every kind of entity with whichever JavaScript client the folder in the first argument holds.
//
// `node walk.mjs FOLDER` with PORTAL_URL, PORTAL_TOKEN and the folder PORTAL_FILES of PFX files.
import assert from "node:assert/strict";
import fs from "node:fs";
import { createRequire } from "node:module";

const { ApiManagementClient } = createRequire(`${process.argv[2]}/`)("@azure/arm-apimanagement");

const token = { token: process.env.PORTAL_TOKEN, expiresOnTimestamp: Date.now() + 3_600_000 };
const subscription = "00000000-0000-0000-0000-000000000000"; // since 10 the client takes nothing but a UUID
const azure = new ApiManagementClient({ getToken: async () => token }, subscription, {
  endpoint: `${process.env.PORTAL_URL}/management`,
  retryOptions: { maxRetries: 0 },
});
const where = ["group", "portal"];

async function names(list) {
  const found = [];
  for await (const one of list) found.push(one.name);
  return found;
}

async function refused(status, call) {
  await assert.rejects(call, (error) => error.statusCode === status && Boolean(error.code));
}

async function certificates() {
  const data = fs.readFileSync(`${process.env.PORTAL_FILES}/first.pfx`).toString("base64");
  const made = await azure.certificate.createOrUpdate(...where, "first", { data, password: "secret" });
  assert.match(made.thumbprint, /^[0-9A-F]{40}$/);
  assert.deepEqual(await names(azure.certificate.listByService(...where)), ["first"]);
  assert.ok((await azure.certificate.getEntityTag(...where, "first")).eTag);
}

async function apis() {
  const orders = { displayName: "Orders", path: "orders", serviceUrl: "https://Orders.example.com", protocols: ["https"] };
  await azure.api.beginCreateOrUpdateAndWait(...where, "orders", orders);
  await azure.api.beginCreateOrUpdateAndWait(...where, "returns", { displayName: "Returns", path: "returns" });
  assert.deepEqual(await names(azure.api.listByService(...where, { top: 1 })), ["orders", "returns"]);
  assert.deepEqual(await names(azure.api.listByService(...where, { filter: "serviceUrl ne null" })), ["orders"]);
  await azure.api.update(...where, "orders", "*", { description: "For shops" });
  const read = await azure.api.get(...where, "orders");
  assert.deepEqual([read.description, read.serviceUrl, read.apiType], ["For shops", orders.serviceUrl, "http"]);
  const operation = { displayName: "Read", method: "GET", urlTemplate: "/{id}", templateParameters: [{ name: "id", type: "string" }] };
  await azure.apiOperation.createOrUpdate(...where, "orders", "read", operation);
  assert.deepEqual(await names(azure.apiOperation.listByApi(...where, "orders")), ["read"]);
  assert.equal((await names(azure.apiRevision.listByService(...where, "orders"))).length, 1);
}

async function policies() {
  const value = '<policies><inbound><authentication-certificate certificate-id="first" /></inbound></policies>';
  const made = await azure.apiPolicy.createOrUpdate(...where, "orders", "policy", { value, format: "rawxml" });
  assert.equal(made.value, value);
  await azure.apiPolicy.get(...where, "orders", "policy"); // 8 and 10 themselves lose the document on reading it
  await refused(400, azure.apiPolicy.createOrUpdate(...where, "orders", "policy", { value: "<policies>" }));
}

async function subscriptions() {
  await azure.subscription.createOrUpdate(...where, "shop", { displayName: "Shop", scope: "/apis/orders" });
  const keys = await azure.subscription.listSecrets(...where, "shop");
  await azure.subscription.regeneratePrimaryKey(...where, "shop");
  const newer = await azure.subscription.listSecrets(...where, "shop");
  assert.notEqual(newer.primaryKey, keys.primaryKey);
  assert.equal(newer.secondaryKey, keys.secondaryKey);
}

async function backends() {
  await azure.backend.createOrUpdate(...where, "other", { url: "https://Other.example.com/", protocol: "http" });
  assert.equal((await azure.backend.get(...where, "other")).url, "https://Other.example.com/");
}

async function inventory() {
  const kinds = ["product", "namedValue", "group", "user", "tag", "apiVersionSet", "logger", "diagnostic", "cache", "gateway"];
  for (const kind of kinds) assert.deepEqual(await names(azure[kind].listByService(...where)), [], kind);
  for (const kind of ["apiSchema", "apiTagDescription"]) {
    const list = azure[kind].listByApi ?? azure[kind].listByService;
    assert.deepEqual(await names(list.call(azure[kind], ...where, "orders")), [], kind);
  }
  await azure.namedValue.beginCreateOrUpdateAndWait(...where, "some", { displayName: "some", value: "value" });
  await azure.namedValue.delete(...where, "some", "*");
  await refused(400, azure.tag.createOrUpdate(...where, "some", { displayName: "some" }));
  await refused(403, azure.tenantAccess.listSecrets(...where, "access"));
  await refused(404, azure.api.get(...where, "none"));
  assert.ok((await azure.apiManagementService.get(...where)).gatewayUrl);
  assert.deepEqual(await names(azure.apiManagementService.list()), ["portal"]);
}

async function away() {
  await azure.subscription.delete(...where, "shop", "*");
  await azure.backend.delete(...where, "other", "*");
  const remove = azure.api.beginDeleteAndWait ?? azure.api.delete; // since 10 one waits
  for (const name of ["orders", "returns"]) await remove.call(azure.api, ...where, name, "*", { deleteRevisions: true });
  await azure.certificate.delete(...where, "first", "*");
  assert.deepEqual(await names(azure.api.listByService(...where)), []);
}

for (const step of [certificates, apis, policies, subscriptions, backends, inventory, away]) await step();
