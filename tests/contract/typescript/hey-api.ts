// Edits a profile, stores a file, exports the data and deletes the account with the client in client/, which
// @hey-api/openapi-ts has generated.
import { createClient } from "./client/client/index.js";
import {
  deleteFile,
  deleteUser,
  getExport,
  getFileContent,
  getFiles,
  getUser,
  patchFile,
  patchUser,
  postFile,
  putUser,
} from "./client/index.js";

const [, , baseUrl, token] = process.argv;
const client = createClient({ baseUrl, auth: token });
const path = { user_id: "me" };

const read = await getUser({ client, path });
if (!read.data) throw new Error(JSON.stringify(read.error));
const headers = { "If-Match": read.response?.headers.get("ETag") ?? "" };

const put = await putUser({ client, path, headers, body: { ...read.data, name: "Jane R. Roe" } });
const patched = await patchUser({ client, path, body: { gender: "Other", blood_group: "Unknown", dob: null } });
const stale = await putUser({ client, path, headers, body: { ...read.data, name: "Too Late" } });
const { gender, blood_group, dob } = patched.data ?? {};
const newFile = { name: "blood-test.pdf", size: 2000, sha256: "0".repeat(64) };
const { data: file } = await postFile({
  client,
  path,
  body: { ...newFile, content_type: "application/pdf", category: "lab-report" },
});
if (!file) throw new Error("The file was not created.");
const filePath = { ...path, file_id: file.id };
const { data: page } = await getFiles({ client, path, query: { limit: 10 } });
const renamed = await patchFile({
  client,
  path: filePath,
  headers: { "If-Match": '"1"' },
  body: { name: "Blood test.pdf" },
});
const content = await getFileContent({ client, path: filePath });
const deleted = await deleteFile({ client, path: filePath });
const { data: exported } = await getExport({ client, path });
const { data: deletion } = await deleteUser({ client, path });
console.log(
  JSON.stringify([
    ...[put.data?.name, gender, blood_group, dob, stale.error?.status, stale.error?.title],
    ...[file.status, file.upload.limits.max_bytes, page?.items.map((item) => item.name), page?.quota.files],
    ...[renamed.data?.name, content.error?.status, deleted.response?.status],
    ...[exported?.format, exported?.profile.name, exported?.files, deletion?.status, deletion?.deletes],
  ]),
);
