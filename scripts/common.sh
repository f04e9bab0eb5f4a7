# What test.sh, demo.sh and bench.sh share. Sourced from the top of the repository.

# need_packages NAME… – installs those Debian packages that are missing; touches nothing when all are there.
need_packages() {
  command -v dpkg-query >/dev/null || { echo "not a Debian system: make sure these are there: $*"; return 0; }
  local missing=() name
  for name in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || missing+=("$name")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  echo "installing: ${missing[*]}"
  local root=()
  [ "$(id -u)" = 0 ] || root=(sudo)
  "${root[@]}" apt-get update -qq || echo "the package lists could not be refreshed; trying with those at hand"
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

# To build and link the program.
build_packages=(gcc libc6-dev pkg-config libpcsclite-dev)
# To show its window.
window_packages=(libx11-6 libx11-xcb1 libxcursor1 libxi6 libxkbcommon-x11-0 libgl1 libgl1-mesa-dri)
# To show it without a screen, drive it and take pictures.
screen_packages=(xvfb xdotool imagemagick)
# To put virtual keys into a real reader service.
reader_packages=(pcscd vsmartcard-vpcd perl-base)
