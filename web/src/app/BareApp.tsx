import { Shell } from "./shell/Shell";

/** Around pages that belong to no app: sign-in, and paths that lead nowhere. */
export default function BareApp() {
  return <Shell start="/" links={[]} />;
}
