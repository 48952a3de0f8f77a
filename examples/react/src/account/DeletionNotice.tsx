import { cancelDeletion, type Deletion } from "../api";
import { Alert } from "../components/Alert";
import { formatDate } from "../format";
import { useRequest } from "../session";

/** The scheduled deletion, on a stage with days of grace. */
export function DeletionNotice({ deletion, onCancelled }: { deletion: Deletion; onCancelled: () => void }) {
  const { run, isBusy, failure } = useRequest();
  return (
    <div role="alert" className="alert">
      <p>Your account will be deleted on {formatDate(deletion.erase_after)}. Until then, it cannot be changed.</p>
      <div className="actions">
        <button
          type="button"
          className="secondary"
          aria-disabled={isBusy}
          onClick={() =>
            run(async () => {
              await cancelDeletion();
              onCancelled();
            })
          }
        >
          Keep the account
        </button>
      </div>
      <Alert failure={failure} />
    </div>
  );
}
