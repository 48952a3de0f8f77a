import { useContext, useState } from "react";

import { deleteAccount, exportData, type Deletion } from "../api";
import { Alert } from "../components/Alert";
import { ConfirmDialog } from "../components/Dialog";
import { SessionContext, useRecentSignIn, useRequest } from "../session";

/** The export of all data, and the deletion of the account. */
export function DataSection({ onDeletionScheduled }: { onDeletionScheduled: (deletion: Deletion) => void }) {
  const session = useContext(SessionContext);
  const withRecentSignIn = useRecentSignIn();
  const { run, isBusy, failure } = useRequest();
  const [isDeleting, setDeleting] = useState(false);

  async function download() {
    const { data, fileName } = await exportData();
    const link = document.createElement("a");
    link.href = URL.createObjectURL(data);
    link.download = fileName;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // milliseconds; some browsers read it late
  }

  async function remove() {
    const deletion = await deleteAccount();
    const hasGraceDays = deletion.erase_after > deletion.requested_at; // times of the same format
    if (hasGraceDays) onDeletionScheduled(deletion);
    else await session.end("Your account is being deleted.");
  }

  return (
    <section className="card" aria-labelledby="data" aria-busy={isBusy}>
      <h2 id="data">Your data</h2>
      <Alert failure={failure} />
      <p>
        The download has your account, profile and the list of your files. Links to the picture and files are valid for
        five minutes.
      </p>
      <div className="actions">
        <button
          type="button"
          className="secondary"
          aria-disabled={isBusy}
          onClick={() => run(() => withRecentSignIn(download))}
        >
          Download your data
        </button>
        <button type="button" className="danger" aria-disabled={isBusy} onClick={() => setDeleting(true)}>
          Delete your account
        </button>
      </div>
      {isDeleting && (
        <ConfirmDialog
          title="Delete your account?"
          confirmLabel="Delete account"
          onClose={() => setDeleting(false)}
          onConfirm={() => void run(() => withRecentSignIn(remove))}
        >
          <p>Your account, profile, picture and files are deleted.</p>
        </ConfirmDialog>
      )}
    </section>
  );
}
