// Writes public/config.json: the addresses and ids of a stage, and no secrets.
//   npm run configure           the running stack of `make run`
//   npm run configure -- dev    the stage dev, in the checkout that has deployed it
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const ROOT = join(import.meta.dirname, "..", "..");
const CONFIG_FILE = join(import.meta.dirname, "public", "config.json");

const readJson = (...path) => JSON.parse(readFileSync(join(...path), "utf8"));

/** Return the values of `.local/stack.json` that a page may have. The file also has an access key. */
function readLocalStack() {
  const stack = readJson(process.env.LOCAL_DIR ?? join(ROOT, ".local"), "stack.json");
  const { api_url, user_pool_id, user_pool_client_id, aws_endpoint_url } = stack;
  return { api_url, user_pool_id, user_pool_client_id, aws_endpoint_url };
}

/** Return the values that `make deploy` has written to `.chalice/`. */
function readDeployedStage(stage) {
  const settings = readJson(ROOT, ".chalice", "config.json").stages[stage];
  const { USER_POOL_ARN, USER_POOL_CLIENT_ID } = settings.lambda_functions.api_handler.environment_variables;
  const { resources } = readJson(ROOT, ".chalice", "deployed", `${stage}.json`);
  const api = resources.find(({ resource_type }) => resource_type === "rest_api");
  return {
    api_url: api.rest_api_url.replace(/\/$/, ""),
    user_pool_id: USER_POOL_ARN.split("/")[1],
    user_pool_client_id: USER_POOL_CLIENT_ID,
  };
}

/** Return the configuration of a stage, or of the local stack. Exit with 1 if there is none. */
function readConfig(stage) {
  try {
    return stage ? readDeployedStage(stage) : readLocalStack();
  } catch {
    return exit(
      stage
        ? `The stage ${stage} is not deployed. Run make deploy STAGE=${stage} in this checkout first.`
        : "The local stack is not running. Start make run first.",
    );
  }
}

function writeConfig(config) {
  try {
    mkdirSync(dirname(CONFIG_FILE), { recursive: true }); // git has no empty folder
    writeFileSync(CONFIG_FILE, `${JSON.stringify(config, null, 2)}\n`);
  } catch (error) {
    exit(`public/config.json cannot be written: ${error.message}`);
  }
}

function exit(message) {
  console.error(message);
  process.exit(1);
}

const config = readConfig(process.argv[2]);
writeConfig(config);
console.log(`public/config.json: ${config.api_url}`);
