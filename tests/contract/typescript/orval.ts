// Edits a profile, stores a file, exports the data and deletes the account with the functions in client.ts, which orval
// has generated.
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
} from "./client.js";

const [, , , token] = process.argv;
const options = { headers: { Authorization: `Bearer ${token}` } };

const read = await getUser("me", {}, options);
if (read.status !== 200) throw new Error(JSON.stringify(read));
const headers = { "If-Match": read.headers.get("ETag") ?? "" };

const put = await putUser("me", { ...read.data, name: "Jane R. Roe" }, headers, options);
if (put.status !== 200) throw new Error(put.data.detail);
const patched = await patchUser("me", { gender: "Other", blood_group: "Unknown", dob: null }, {}, options);
if (patched.status !== 200) throw new Error(patched.data.detail);
const stale = await putUser("me", { ...read.data, name: "Too Late" }, headers, options);
if (stale.status === 200) throw new Error("The stale version was replaced.");
const { gender, blood_group, dob } = patched.data;
const newFile = { name: "blood-test.pdf", size: 2000, sha256: "0".repeat(64) };
const file = await postFile(
  "me",
  { ...newFile, content_type: "application/pdf", category: "lab-report" },
  options,
);
if (file.status !== 201) throw new Error(file.data.detail);
const { id, status, upload } = file.data;
const page = await getFiles("me", { limit: 10 }, options);
if (page.status !== 200) throw new Error(page.data.detail);
const renamed = await patchFile("me", id, { name: "Blood test.pdf" }, { "If-Match": '"1"' }, options);
if (renamed.status !== 200) throw new Error(renamed.data.detail);
const content = await getFileContent("me", id, options);
const deleted = await deleteFile("me", id, {}, options);
const exported = await getExport("me", options);
if (exported.status !== 200) throw new Error(exported.data.detail);
const deletion = await deleteUser("me", options);
if (deletion.status !== 202) throw new Error(deletion.data.detail);
console.log(
  JSON.stringify([
    ...[put.data.name, gender, blood_group, dob, stale.status, stale.data.title],
    ...[status, upload.limits.max_bytes, page.data.items.map((item) => item.name), page.data.quota.files],
    ...[renamed.data.name, content.status, deleted.status],
    ...[exported.data.format, exported.data.profile.name, exported.data.files, deletion.data.status, deletion.data.deletes],
  ]),
);
