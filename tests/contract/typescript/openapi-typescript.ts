// Edits a profile, stores a file, exports the data and deletes the account with a client that openapi-fetch makes of the
// types in client.ts.
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
const { data: file } = await api.POST("/users/{user_id}/files", {
  params: { path },
  body: {
    name: "blood-test.pdf",
    content_type: "application/pdf",
    size: 2000,
    sha256: "0".repeat(64),
    category: "lab-report",
  },
});
if (!file) throw new Error("The file was not created.");
const filePath = { ...path, file_id: file.id };
const { data: page } = await api.GET("/users/{user_id}/files", { params: { path, query: { limit: 10 } } });
const renamed = await api.PATCH("/users/{user_id}/files/{file_id}", {
  params: { path: filePath, header: { "If-Match": '"1"' } },
  body: { name: "Blood test.pdf" },
});
const content = await api.GET("/users/{user_id}/files/{file_id}/content", { params: { path: filePath } });
const deleted = await api.DELETE("/users/{user_id}/files/{file_id}", { params: { path: filePath } });
const { data: exported } = await api.GET("/users/{user_id}/export", { params: { path } });
const { data: deletion } = await api.DELETE("/users/{user_id}", { params: { path } });
console.log(
  JSON.stringify([
    ...[put.data?.name, gender, blood_group, dob, stale.error?.status, stale.error?.title],
    ...[file.status, file.upload.limits.max_bytes, page?.items.map((item) => item.name), page?.quota.files],
    ...[renamed.data?.name, content.error?.status, deleted.response.status],
    ...[exported?.format, exported?.profile.name, exported?.files, deletion?.status, deletion?.deletes],
  ]),
);
