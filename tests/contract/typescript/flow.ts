// From a sign-up to an edited profile, with a client made of openapi.json. `paths` is what the generator wrote.
import createClient from "openapi-fetch";
import type { paths } from "./api.js";

const [, , baseUrl, token] = process.argv;
const api = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token}` } });
const path = { user_id: "me" };

const read = await api.GET("/users/{user_id}", { params: { path } });
if (!read.data) throw new Error(read.error.detail);
const tag = read.response.headers.get("ETag") ?? "";

const put = await api.PUT("/users/{user_id}", {
  params: { path, header: { "If-Match": tag } },
  body: { ...read.data, name: "Jane R. Roe" },
});
const patched = await api.PATCH("/users/{user_id}", {
  params: { path },
  body: { gender: "Other" },
  headers: { "Content-Type": "application/merge-patch+json" },
});
const stale = await api.PUT("/users/{user_id}", {
  params: { path, header: { "If-Match": tag } },
  body: { ...read.data, name: "Too Late" },
});
console.log(JSON.stringify([put.data?.name, patched.data?.gender, stale.error?.status, stale.error?.title]));
