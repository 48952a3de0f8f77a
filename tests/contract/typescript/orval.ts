// Edits a profile, exports the data and deletes the account with the functions in client.ts, which orval has generated.
import { deleteUser, getExport, getUser, patchUser, putUser } from "./client.js";

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
const exported = await getExport("me", options);
if (exported.status !== 200) throw new Error(exported.data.detail);
const deletion = await deleteUser("me", options);
if (deletion.status !== 202) throw new Error(deletion.data.detail);
console.log(
  JSON.stringify([
    ...[put.data.name, gender, blood_group, dob, stale.status, stale.data.title],
    ...[exported.data.format, exported.data.profile.name, deletion.data.status, deletion.data.deletes],
  ]),
);
