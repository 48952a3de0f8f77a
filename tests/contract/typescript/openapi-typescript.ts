// Edits a profile, exports the data and deletes the account with a client that openapi-fetch makes of the types in client.ts.
import createClient from "openapi-fetch";
import type { paths } from "./client.js";

const [, , baseUrl, token] = process.argv;
const api = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token}` } });
const path = { user_id: "me" };

const read = await api.GET("/users/{user_id}", { params: { path } });
if (!read.data) throw new Error(read.error.detail);
const header = { "If-Match": read.response.headers.get("ETag") ?? "" };

const put = await api.PUT("/users/{user_id}", {
  params: { path, header },
  body: { ...read.data, name: "Jane R. Roe" },
});
const patched = await api.PATCH("/users/{user_id}", {
  params: { path },
  body: { gender: "Other", blood_group: "Unknown", dob: null },
});
const stale = await api.PUT("/users/{user_id}", {
  params: { path, header },
  body: { ...read.data, name: "Too Late" },
});
const { gender, blood_group, dob } = patched.data ?? {};
const { data: exported } = await api.GET("/users/{user_id}/export", { params: { path } });
const { data: deletion } = await api.DELETE("/users/{user_id}", { params: { path } });
console.log(
  JSON.stringify([
    ...[put.data?.name, gender, blood_group, dob, stale.error?.status, stale.error?.title],
    ...[exported?.format, exported?.profile.name, deletion?.status, deletion?.deletes],
  ]),
);
