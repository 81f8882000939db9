"""Controls of the DevSec baselines (https://dev-sec.io/baselines/), as tests that ask a host over SSH."""
