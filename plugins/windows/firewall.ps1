# firewall.ps1 - on a Windows node: turns rules of its firewall on for one
# address, and off again when the file `close` is there or the time is over.
# Before it: $rules (ids of rules that are off), $us (an address), $seconds.
# SPDX-License-Identifier: Apache-2.0
$ErrorActionPreference = 'Stop'
if (-not (Test-Path former)) {
  $former = foreach ($name in $rules) {
    $addresses = @((Get-NetFirewallRule -Name $name | Get-NetFirewallAddressFilter).RemoteAddress)
    $name + ' ' + ($addresses -join ',')
  }
  Set-Content -Path former.new -Value $former
  Rename-Item former.new former
}
try {
  foreach ($line in Get-Content former) {
    Set-NetFirewallRule -Name $line.Split(' ')[0] -RemoteAddress $us -Enabled True
  }
  if (-not (Test-Path until)) { (Get-Date).AddSeconds($seconds).ToFileTimeUtc() | Set-Content until }
  Set-Content -Path opened -Value $us
  while (-not (Test-Path close) -and (Get-Date).ToFileTimeUtc() -lt [long](Get-Content until)) {
    Start-Sleep -Milliseconds 500
    if (Test-Path keep) {
      Remove-Item keep
      (Get-Date).AddSeconds($seconds).ToFileTimeUtc() | Set-Content until
    }
  }
} finally {
  foreach ($line in Get-Content former) {
    $name, $addresses = $line.Split(' ', 2)
    Set-NetFirewallRule -Name $name -Enabled False -RemoteAddress $addresses.Split(',')
  }
}
