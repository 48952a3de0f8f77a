// Writes public/config.json: the addresses and ids of a stage, and no secrets.
//   npm run configure           the running stack of `make run`
//   npm run configure -- dev    the stage dev, in the checkout that has deployed it
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

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

const [stage] = process.argv.slice(2);
let config;
try {
  config = stage ? readDeployedStage(stage) : readLocalStack();
} catch (error) {
  const advice = stage ? `Run make deploy STAGE=${stage} in this checkout.` : "Start make run first.";
  console.error(`There is no configuration of the ${stage ? `stage ${stage}` : "local stack"}. ${advice}`);
  console.error(error.message);
  process.exit(1);
}
writeFileSync(CONFIG_FILE, `${JSON.stringify(config, null, 2)}\n`);
console.log(`public/config.json: ${config.api_url}`);
