// The stage that the app uses. `npm run configure` writes public/config.json.

export interface Config {
  api_url: string;
  user_pool_id: string;
  user_pool_client_id: string;
  /** The address of the embedded AWS. Omitted on AWS. */
  aws_endpoint_url?: string;
}

/** Load the configuration. Throws an error if there is none. */
export async function loadConfig(): Promise<Config> {
  const response = await fetch("config.json", { cache: "no-cache" });
  const config = (await response.json()) as Partial<Config>;
  const { api_url, user_pool_id, user_pool_client_id } = config;
  if (!api_url || !user_pool_id || !user_pool_client_id) throw new Error("config.json is incomplete.");
  return { ...config, api_url, user_pool_id, user_pool_client_id };
}
