; The folder in which administrators put presets for everybody: %ProgramData%\cert-assistant.
;
; Invariants
; * Only administrators and the system may write there; everybody may read. It is made with these rights in one step.
; * What lay there before a first installation was perhaps put there by anybody, for everybody may make folders in %ProgramData%:
;   it is moved aside unless it belongs to an administrator. What administrators put there is never changed.

!define PRESET_RIGHTS "O:BAD:PAI(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)(A;OICI;0x1200a9;;;BU)"

; True in $0 when the folder $1 belongs to the system, to the administrators, or to whoever runs this.
!macro belongs_to_administrator
  StrCpy $0 0
  System::Call 'advapi32::GetNamedSecurityInfoW(w r1, i 1, i 1, *p .r2, p 0, p 0, p 0, *p .r3) i .r4'
  ${If} $4 = 0
    System::Call 'advapi32::IsWellKnownSid(p r2, i 22) i .r0'
    ${If} $0 = 0
      System::Call 'advapi32::IsWellKnownSid(p r2, i 26) i .r0'
    ${EndIf}
    ${If} $0 = 0
      System::Call 'advapi32::OpenProcessToken(p -1, i 8, *p .r4)'
      System::Alloc 256
      Pop $5
      ; TOKEN_USER begins with the address of the SID
      System::Call 'advapi32::GetTokenInformation(p r4, i 1, p r5, i 256, *i .r0) i .r0'
      ${If} $0 <> 0
        System::Call '*$5(p .r6)'
        System::Call 'advapi32::EqualSid(p r2, p r6) i .r0'
      ${EndIf}
      System::Free $5
      System::Call 'kernel32::CloseHandle(p r4)'
    ${EndIf}
    System::Call 'kernel32::LocalFree(p r3)'
  ${EndIf}
!macroend

; Says to the program that the folder $1 is closed to others: nothing in it counts without this (src/desktop/system_folder.rs).
Function MarkPresets
  WriteRegStr HKLM "${KEY}" "Presets" $1
FunctionEnd

Function Presets
  StrCpy $1 "$APPDATA\${ID}"
  ${If} ${FileExists} "$1\*.*"
    ${If} $MachineFolder != ""
      Return
    ${EndIf}
    !insertmacro belongs_to_administrator
    ${If} $0 = 0
      StrCpy $2 0
      ${Do}
        IntOp $2 $2 + 1
      ${LoopWhile} ${FileExists} "$1-untrusted-$2\*.*"
      Rename $1 "$1-untrusted-$2"
    ${EndIf}
  ${EndIf}
  System::Call 'advapi32::ConvertStringSecurityDescriptorToSecurityDescriptorW(w "${PRESET_RIGHTS}", i 1, *p .r2, p 0) i .r0'
  ${If} $0 <> 0
    ; SECURITY_ATTRIBUTES
    System::Call '*(i 24, i 0, p r2, i 0, i 0) p .r3'
    System::Call 'kernel32::CreateDirectoryW(w r1, p r3) i .r0'
    ${If} $0 = 0
      ; there already: owner and rights
      System::Call 'advapi32::SetFileSecurityW(w r1, i 5, p r2) i .r0'
    ${EndIf}
    ${If} $0 <> 0
      Call MarkPresets
    ${EndIf}
    System::Free $3
    System::Call 'kernel32::LocalFree(p r2)'
  ${EndIf}
FunctionEnd
